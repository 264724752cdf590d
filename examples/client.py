"""Ask the prediction service for its own example: python examples/client.py [URL].

The standard library is enough. A key, where one is needed, comes from CHURN_API_KEY.
"""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request

parser = argparse.ArgumentParser(description=__doc__.partition(": ")[0] + ".")
parser.add_argument("url", metavar="URL", nargs="?", default="http://localhost:3000")
URL = parser.parse_args().url
if not URL.startswith(("http://", "https://")):
    parser.error(f"{URL}: expected the address of the service, such as http://localhost:3000")


def ask(path: str, body: object = None) -> dict:
    """The answer of a route; an error of the service with what it says is wrong."""
    request = urllib.request.Request(
        URL + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Content-Type": "application/json",
            "X-API-Key": os.environ.get("CHURN_API_KEY", ""),
        },
    )
    try:
        # 2026-11-21: whoever runs the example names the service
        with urllib.request.urlopen(request, timeout=10) as answer:  # nosec B310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        answer = json.load(error)
        for detail in answer["details"]:
            print(f"{detail['field']}: {detail['problem']}; allowed: {detail['allowed']}")
        sys.exit(f"{error.code}: {answer['error']}")
    except urllib.error.URLError as error:
        sys.exit(f"{URL}: {error.reason}; is the service running?")


document = ask("/docs.json")
content = document["paths"]["/predict"]["post"]["requestBody"]["content"]
customer = content["application/json"]["example"]

answer = ask("/explain", customer)
print(f"{answer['churn_probability']:.1%} probability of churn: {answer['decision']}")
for reason in answer["reasons"]:
    print("  because", reason)
