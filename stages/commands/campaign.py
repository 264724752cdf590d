"""What a campaign brought."""

from __future__ import annotations

import argparse

from stages.commands import Commands
from stages.core.paths import Paths


def add(commands: Commands) -> None:
    """Teach the command line this command."""
    campaign = commands.add_parser(
        "campaign",
        help="what a campaign brought, whether it differs between customers, whom to contact next",
        description="Analyse a campaign whose arms were assigned at random: effect on churn and "
        "profit with intervals, by group, and the value of five policies. See docs/campaigns.md.",
        epilog="example: campaign campaign.csv --customers march.csv",
    )
    campaign.add_argument(
        "source",
        metavar="IN",
        help="who was contacted and what became of them: a table that adopt reads",
    )
    campaign.add_argument(
        "--customers", metavar="TABLE", help="the customers as they were before, joined by id"
    )
    campaign.add_argument("--treated", metavar="COLUMN", help="the arm of each customer")
    campaign.add_argument("--control", metavar="VALUE", help="its value for who was left alone")
    campaign.add_argument("--outcome", metavar="COLUMN", help="what became of each customer")
    campaign.add_argument("--positive", metavar="VALUE", help="its value for who left")
    campaign.add_argument(
        "--contacted", metavar="COLUMN", help="who was really contacted, where that is not the arm"
    )
    campaign.add_argument(
        "--ignore", metavar="COLUMNS", default="", help="columns known only after, comma-separated"
    )
    campaign.add_argument("--no-report", dest="report", action="store_false", help="no page")
    campaign.set_defaults(command=_campaign)


def _campaign(options: argparse.Namespace, paths: Paths) -> None:
    from stages.adoption.target import Outcome
    from stages.campaigns.analysis import analyse
    from stages.campaigns.campaign_file import CampaignOptions, read_campaign
    from stages.campaigns.campaign_summary import headlines
    from stages.core.files import write_json
    from stages.operations.notebook_report import write_notebook_report
    from stages.parameters import read_parameters

    params = read_parameters(paths)
    asked = CampaignOptions(
        options.source,
        options.customers,
        options.treated,
        options.control,
        Outcome(options.outcome, options.positive),
        options.contacted,
        tuple(filter(None, options.ignore.split(","))),
    )
    campaign = read_campaign(asked, params.money, paths, seed=params.campaign.seed)
    result = analyse(campaign, params.campaign)
    write_json(paths.campaign, result)
    for line in [*(f"Warning: {one}" for one in campaign.warnings), *headlines(result)]:
        print(line)
    if options.report:
        page = write_notebook_report("campaign", paths)
        print(f"Report: {paths.relative(page)} (open it in a browser)")
