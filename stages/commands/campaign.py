"""What a campaign brought."""

from __future__ import annotations

import argparse
from datetime import date
from typing import TYPE_CHECKING

from scoring.errors import UserError
from stages.commands import Commands, arguments
from stages.core.paths import Paths

if TYPE_CHECKING:
    from stages.campaigns.campaign_source import CampaignOptions

CHOSEN, NONE = ADOPT = ("chosen", "none")


def add(commands: Commands) -> None:
    """Teach the command line this command."""
    campaign = commands.add_parser(
        "campaign",
        help="what a campaign brought, whether it differs between customers, whom to contact next",
        description="Analyse a campaign whose arms were assigned at random: effect on churn and "
        "profit with intervals, by group, and the value of six policies. See docs/campaigns.md.",
        epilog="example: campaign campaign.csv --customers march.csv",
    )
    campaign.add_argument(
        "source",
        metavar="IN",
        nargs="?",
        help="who was contacted and what became of them: a table that adopt reads, or a folder or "
        "a pattern of such, one a month",
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
        "--ignore",
        type=arguments.columns,
        metavar="COLUMNS",
        default=(),
        help="columns known only after, comma-separated",
    )
    campaign.add_argument(
        "--snapshot",
        type=arguments.days,
        metavar="DAYS",
        default=(),
        help="the day that the customers' table describes, such as 2026-01-31, where the champion "
        "counts days to it; of several tables one for each, comma-separated",
    )
    campaign.add_argument(
        "--adopt",
        choices=ADOPT,
        help="chosen: the next champion decides by the policy that is chosen; none: by the assumed "
        "share again. Either takes effect with the next repro",
    )
    arguments.add_encoding(campaign)
    arguments.add_no_report(campaign)
    campaign.set_defaults(command=_campaign)


def _campaign(options: argparse.Namespace, paths: Paths) -> None:
    from stages.campaigns.adopted_effect import TODAY, adopt, forget
    from stages.campaigns.analysis import analyse
    from stages.campaigns.campaign_file import read_campaign
    from stages.campaigns.campaign_summary import adopted, headlines
    from stages.core.files import write_json
    from stages.operations.notebook_report import write_notebook_report
    from stages.parameters import read_parameters

    if options.adopt == NONE:
        forget(paths)
        print(adopted({"policy": TODAY}))
        return
    params, today = read_parameters(paths), date.today()
    asked = _asked(options, arguments.encoding_of(options, paths))
    campaign = read_campaign(asked, params.money, paths, seed=params.campaign.seed, today=today)
    result = analyse(campaign, params.campaign)
    write_json(paths.campaign, result)
    for line in [*(f"Warning: {one}" for one in campaign.warnings), *headlines(result)]:
        print(line)
    if options.report:
        page = write_notebook_report("campaign", paths)
        arguments.print_report(page, paths)
    if options.adopt == CHOSEN:
        print(adopted(adopt(campaign, result, params.campaign, paths, today=today)))


def _asked(options: argparse.Namespace, encoding: str | None) -> CampaignOptions:
    """What the user says of the file; `UserError` where there is none."""
    from stages.adoption.target import Outcome
    from stages.campaigns.campaign_source import CampaignOptions

    if options.source is None:
        raise UserError("IN: missing; expected the campaign's file, or --adopt none")
    return CampaignOptions(
        options.source,
        options.customers,
        options.treated,
        options.control,
        Outcome(options.outcome, options.positive),
        options.contacted,
        options.ignore,
        options.snapshot,
        encoding,
    )
