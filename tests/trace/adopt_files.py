"""Adopts every file of a folder, in one process; for test_data_validation.py."""

import contextlib
import hashlib
import io
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))

from stages.cli import main
from stages.core.paths import Paths

HERE = Paths.here()
APART = (".git", ".trace", "__pycache__", "tmp")


def state() -> dict[str, str]:
    """A hash of every file but what the validation itself writes."""
    files = [path for path in HERE.root.rglob("*") if path.is_file() and path != HERE.validation]
    kept = [path for path in files if not set(APART) & set(path.relative_to(HERE.root).parts)]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


def attempt(path: Path, before: dict[str, str]) -> dict[str, object]:
    """What came of adopting one file."""
    HERE.validation.unlink(missing_ok=True)
    with contextlib.redirect_stderr(io.StringIO()) as stderr:
        code = main(["adopt", str(path)])
    after = state()
    changed = sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))
    found = HERE.validation
    written = json.loads(found.read_text(encoding="utf-8")) if found.is_file() else None
    return {"code": code, "stderr": stderr.getvalue(), "changed": changed, "validation": written}


before = state()
files = sorted(Path(sys.argv[1]).glob("*.csv"), key=lambda path: int(path.stem))
print(json.dumps([attempt(path, before) for path in files]))
