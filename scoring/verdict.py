"""The answers of the monitor for a month: `reports/monitor/<month>.json`.

One line, `summary`, and its `status`:

    quiet      nothing seen                                                     exit code 0
    change     the customers changed, or leave otherwise than was predicted     exit code 3
    fault      the data is broken, named by column: nothing else is judged      exit code 4
    too_small  too few customers to judge                                       exit code 0

What cannot be judged is null, and `reason` says why. The same input and history give the same
bytes.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Status = Literal["quiet", "change", "fault", "too_small"]
Question = Literal["population", "departures", "calibration"]
EXIT_CODES: dict[Status, int] = {"quiet": 0, "change": 3, "fault": 4, "too_small": 0}
MONTH = r"(\d{4}-(0[1-9]|1[0-2])|\d{3})"  # 2026-11, or months since a start: 007
DIGITS = 6


def _rounded(value: float) -> float:
    return round(value, DIGITS)


Number = Annotated[float, Field(allow_inf_nan=False), AfterValidator(_rounded)]
Share = Annotated[float, Field(ge=0, le=1), AfterValidator(_rounded)]
Count = Annotated[int, Field(ge=0)]
MonthName = Annotated[str, Field(pattern=f"^{MONTH}$")]


class Part(BaseModel):
    """A part of the verdict: no field unknown or missing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Model(Part):
    """The model that answered."""

    name: str
    version: str


class Input(Part):
    """What was judged: the file's name and the hash of its content."""

    name: str
    sha256: str


class Fault(Part):
    """A broken column: what is wrong, for how many customers and which share of them."""

    column: str
    problem: str
    customers: Count
    share: Share


class ColumnChange(Part):
    """How far a column moved from the reference to this month.

    `effect` is Evidently's distance by `method`; `before` and `now` are the means of a number, or
    the shares of the category `value` that moved most.
    """

    column: str
    title: str
    method: str
    effect: Annotated[Number, Field(ge=0)]
    value: str | None = None
    before: Number
    now: Number


class Population(Part):
    """Have the customers changed? One classifier two-sample test against a rolling reference.

    `auc` is how well a classifier tells this month from the reference, 0.5 for not at all;
    `threshold` what a quiet month stays below; `columns` what drives it, most first.
    """

    changed: bool | None
    reason: str | None = None
    auc: Share | None = None
    threshold: Share | None = None
    reference: tuple[MonthName, ...] = ()
    needed: Count | None = None
    columns: tuple[ColumnChange, ...] = ()


class Departures(Part):
    """Do they leave otherwise than predicted? Departures since, one-sided.

    `observed` and `predicted` are customers of the earlier months that were followed; a quiet world
    stays between `low` and `high`. `months` is how many months were followed, `closed` the share of
    their windows that has passed.
    """

    changed: bool | None
    reason: str | None = None
    observed: Count | None = None
    predicted: Number | None = None
    low: Number | None = None
    high: Number | None = None
    months: Count = 0
    closed: Share | None = None


class Calibration(Part):
    """Churn rate against the mean prediction of the newest month whose window has closed."""

    changed: bool | None
    reason: str | None = None
    month: MonthName | None = None
    customers: Count | None = None
    churn_rate: Share | None = None
    predicted: Share | None = None
    low: Number | None = None
    high: Number | None = None
    ece: Share | None = None


class Metrics(Part):
    """Metrics as `metrics.json` names them."""

    roc_auc: Number | None
    log_loss: Number | None
    brier: Number | None


class Realised(Part):
    """Metrics of the newest month whose window has closed, and what was estimated for it then."""

    month: MonthName
    customers: Count
    metrics: Metrics
    estimated: Metrics | None = None


class Performance(Part):
    """What the model brings now: estimated without labels, and realised where there are labels.

    `error` is the half width of the estimate's 95% interval. It is `withdrawn` where departures
    contradict it, and `reason` says so: the estimate holds only while behaviour does.
    """

    estimated: Metrics | None = None
    error: Metrics | None = None
    withdrawn: bool = False
    reason: str | None = None
    realised: Realised | None = None


class RealisedProfit(Part):
    """What the decisions of the newest closed month brought, against what was expected of them."""

    month: MonthName
    contacts: Count
    expected: Number
    realised: Number
    profit_per_customer: Number


class Profit(Part):
    """Profit of contacting whom the decision names, in the currency of the monthly value."""

    contacts: Count = 0
    expected: Number | None = None
    profit_per_customer: Number | None = None
    realised: RealisedProfit | None = None


class Verdict(Part):
    """What the monitor says of a month, on the knowledge of the month `as_of`.

    `accepted` are differences that would be faults, had nobody accepted their columns as they are.
    """

    month: MonthName
    as_of: MonthName
    status: Status
    summary: str
    model: Model
    customers: Count
    input: Input
    faults: tuple[Fault, ...] = ()
    accepted: tuple[Fault, ...] = ()
    population: Population
    departures: Departures
    calibration: Calibration
    performance: Performance
    profit: Profit

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.status != status_of(self.faults, self.changes, self.population):
            raise ValueError(f"status {self.status}: does not follow from the answers")
        return self

    @property
    def changes(self) -> tuple[Question, ...]:
        """The questions that were answered with a change."""
        return changed(self.population, self.departures, self.calibration)

    @property
    def exit_code(self) -> int:
        """What `python -m stages monitor` ends with."""
        return EXIT_CODES[self.status]


def changed(
    population: Population, departures: Departures, calibration: Calibration
) -> tuple[Question, ...]:
    """The questions whose answer is a change."""
    answers: dict[Question, bool | None] = {
        "population": population.changed,
        "departures": departures.changed,
        "calibration": calibration.changed,
    }
    return tuple(question for question, is_change in answers.items() if is_change)


def status_of(
    faults: tuple[Fault, ...], changes: tuple[Question, ...], population: Population
) -> Status:
    """The status that follows: a fault before a change, a change before too few customers."""
    if faults:
        return "fault"
    if changes:
        return "change"
    return "too_small" if population.needed is not None else "quiet"
