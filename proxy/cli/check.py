"""`check`: what the gate says of statements; nothing runs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proxy.cli.console import ALL_GOOD, SOME_BAD, WRONG_USAGE, Failure, add_conf_flag, settings_of

if TYPE_CHECKING:
    from checker.context import Context, Grants
    from checker.gate import Gate
    from checker.verdict import Allowed, Denied, Dialect


def add_commands(commands: Any) -> None:
    check = commands.add_parser(
        "check",
        help="say whether the gate lets SQL through, without running it",
        description="The gate's verdict on each statement, of any role or of one.  Exit status: 0 all allowed, 1 some "
        "denied.",
        epilog='examples: streamlink-sql check "SELECT 1; DROP TABLE t"; streamlink-sql check --json - <FILE; '
        "streamlink-sql check --only injection \"1' OR '1'='1\"",
    )
    check.add_argument("sql", nargs="?", metavar="SQL", help='one or more statements; "-" is --file -')
    check.add_argument(
        "--file",
        metavar="FILE",
        help='a statement a line, plain or as a JSON string; "-" is standard input.  A line has one verdict, '
        "and is denied when anything in it is",
    )
    check.add_argument("--role", action="append", default=[], metavar="ROLE", help="as a user with this role")
    check.add_argument("--user", metavar="NAME", help="as this user, with the roles that it has")
    check.add_argument("--database", metavar="NAME", help="in this database, one of Spark's other catalogues")
    check.add_argument(
        "--dialect",
        choices=["postgres", "spark"],
        default="postgres",
        help="whose SQL it is, as SET streamlink.dialect says (default: postgres)",
    )
    check.add_argument(
        "--policy", type=Path, metavar="FILE", help="the policy to go by (default: that of the settings)"
    )
    check.add_argument(
        "--schema",
        type=Path,
        metavar="FILE",
        help="the tables that there are, as JSON (default: those that the server last saw)",
    )
    add_conf_flag(check)
    check.add_argument(
        "--only",
        choices=["injection"],
        help="judge any text, statement or not, as a web application firewall does: denied means an attack, nothing "
        "else.  Without it the whole gate decides, with the limits on injection that roles have by default",
    )
    check.add_argument("--json", action="store_true", help="one JSON object a statement")
    check.add_argument(
        "--judge",
        action="store_true",
        help="ask the language model that judges too, for the probability of an attack (0..1); it has to be here: "
        "streamlink-sql model pull smollm2-135m",
    )
    check.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Raises: Failure with WRONG_USAGE."""
    if (arguments.sql is None) == (arguments.file is None):
        raise Failure('give either "SQL" or --file FILE', WRONG_USAGE)
    from checker.gate import Gate
    from checker.judge import judge_of_texts

    gate = Gate()
    context = context_of(arguments)
    judge = local_judge() if arguments.judge else None
    if judge is not None and arguments.only:
        judge = judge_of_texts(judge)
    source = "-" if arguments.sql == "-" else arguments.file
    texts = enumerate([arguments.sql], 1) if source is None else _lines(source)
    status = ALL_GOOD
    for number, text in texts:
        if arguments.only:
            verdicts = [(text, attack_or_not(text))]
        elif source is not None:
            verdicts = [(text, verdict_on_line(gate, text, context, arguments.dialect))]
        else:
            verdicts = list(verdicts_on(gate, text, context, arguments.dialect))
        for statement, verdict in verdicts:
            probability = None if judge is None else judge(statement)
            if arguments.only and probability is not None:
                verdict = with_judgement(verdict, probability)
            status = status if _is_allowed(verdict) else SOME_BAD
            report = {**as_object(verdict), "statement": statement}
            if arguments.only and report["allowed"]:
                report["reason"] = "no attack"
            if source is not None:
                report = {"line": number, **report, "statement": text}
            if probability is not None:
                report["judge"] = round(probability, 4)
            print(json.dumps(report, ensure_ascii=False) if arguments.json else as_line(report))
    return status


def context_of(arguments: argparse.Namespace) -> Context | None:
    """For whom to check; None where nothing of it was named.  Raises: Failure, PolicyError, SettingsError."""
    if not (arguments.role or arguments.user or arguments.policy or arguments.database):
        return None
    from checker.context import Context
    from checker.policy import load
    from proxy.settings import other_database
    from proxy.snapshot import read_snapshot
    from proxy.users import Users

    settings = settings_of(arguments)
    policy = load(arguments.policy or settings.policy_path)
    user = Users(settings.users_path).find(arguments.user) if arguments.user else None
    given = (*arguments.role, *(user.roles if user else ()))
    roles = policy.roles_of(arguments.user, given) if arguments.user else given or policy.default_roles
    if unknown := policy.unknown(roles):
        raise Failure(f"the policy has no role {unknown[0]}; it has {', '.join(policy.roles)}", WRONG_USAGE)
    grants: Grants | None = policy.grants(roles)
    if arguments.database and arguments.database != settings.session.database:
        settings = other_database(settings, arguments.database)
        grants = policy.grants_in(roles, arguments.database)
    if grants is None:
        raise Failure(f"the roles may not connect to the database {arguments.database}", WRONG_USAGE)
    path = arguments.schema or settings.catalogue_path
    try:
        schema = read_snapshot(path)
    except (OSError, ValueError) as error:
        reason = f"{path}: {error.strerror}" if isinstance(error, OSError) else str(error)
        hint = "" if arguments.schema else "; start the server once, or name the tables with --schema"
        raise Failure(f"which tables there are is not known: {reason}{hint}", WRONG_USAGE) from None
    return Context(grants, schema, settings.session.search_path, settings.session.database)


def local_judge() -> Callable[[str], float | None]:
    """The judge as the default settings have it, in this very process: statement -> probability of an attack.

    None for what cannot be read: it breaks PostgreSQL's lexical rules, or is too long.
    Raises: Failure when the model is not here.
    """
    from checker.errors import SyntaxProblem
    from checker.judge import Reading, TooLong, judge_prompt
    from nl_frontend.errors import ModelUnavailable
    from nl_frontend.generator import PromptTooLong
    from nl_frontend.models import model_path
    from nl_frontend.node import available_cores
    from nl_frontend.scorer import Scorer, ScoreRequest
    from proxy.judging import CONTEXT_TOKENS, judging_adapter, shipped_calibration
    from proxy.settings import Judge

    settings = Judge()
    try:
        path = model_path(settings.name)
    except ModelUnavailable as error:
        raise Failure(f"{error.message} ({error.hint})") from None
    calibration = shipped_calibration(settings)
    adapter = judging_adapter(settings)
    scorer = Scorer(
        str(path),
        threads=available_cores(),
        context_tokens=CONTEXT_TOKENS,
        lora=None if adapter is None else str(adapter),
    )

    def judge(statement: str) -> float | None:
        try:
            prompt = judge_prompt(statement)
            request = ScoreRequest(prompt.prefix, prompt.text, prompt.suffix, prompt.labels, hidden=True)
            score = scorer.score(request, lambda: False)
        except (SyntaxProblem, TooLong, PromptTooLong):
            return None
        return calibration.probability(Reading(*score.logprobs, score.hidden), prompt.text)

    return judge


def verdicts_on(
    gate: Gate, text: str, context: Context | None = None, dialect: Dialect = "postgres"
) -> Iterator[tuple[str, Allowed | Denied]]:
    """Each statement of the text with its verdict; at least one."""
    from checker.spark.split import split as split_spark
    from checker.split import SyntaxProblem, split
    from checker.verdict import Denied
    from nl_frontend.forms import extract

    try:
        statements = split(text) if dialect == "postgres" else split_spark(text)
    except SyntaxProblem as problem:
        yield text, Denied("syntax", problem.sqlstate, problem.message, problem.position)
        return
    if not statements:
        yield text, gate.check(text, context, dialect=dialect)
    for statement in statements:
        if extract(statement.text, prose=False) is not None:
            yield (
                statement.text,
                Denied("question", "0A000", "a question: what is checked is its draft, not its words"),
            )
        else:
            verdict = gate.check(statement.text, context, base_position=statement.start, dialect=dialect)
            yield statement.text, verdict


def attack_or_not(text: str) -> Allowed | Denied:
    """The injection layer's judgement of any text, at the limits that roles have by default."""
    from checker.context import InjectionLimits
    from checker.injection import judge_text
    from checker.verdict import Allowed, Denied, StatementKind

    weight, findings = judge_text(text)
    if weight < InjectionLimits().deny_at:
        return Allowed(StatementKind.EMPTY, "", findings=findings)
    return Denied("injection", "42501", findings[0].reason, findings[0].position, findings=findings)


def with_judgement(verdict: Allowed | Denied, probability: float) -> Allowed | Denied:
    """A text that the rules let through is an attack if the judge says so, as for a role that has all judged."""
    from checker.context import JudgeRule
    from checker.judge import FINDING
    from checker.verdict import Allowed, Denied, Finding

    if not isinstance(verdict, Allowed) or probability < JudgeRule().deny_at:
        return verdict
    found = Finding(FINDING, round(probability, 4), "the language model's probability of an attack")
    return Denied(FINDING, "42501", found.reason, findings=(*verdict.findings, found))


def verdict_on_line(
    gate: Gate, text: str, context: Context | None = None, dialect: Dialect = "postgres"
) -> Allowed | Denied:
    """The one verdict on a line of a file.

    Whoever wrote the line meant one statement: what hides behind a semicolon counts against it, and any statement
    behind a query does.
    """
    from checker.verdict import Allowed, Denied, StatementKind

    verdicts = list(verdicts_on(gate, text, context, dialect))
    denied = next((verdict for _, verdict in verdicts if isinstance(verdict, Denied)), None)
    if denied is not None:
        return denied
    kinds = [verdict.kind for _, verdict in verdicts if isinstance(verdict, Allowed)]
    for index, kind in enumerate(kinds[:-1]):
        following = kinds[index + 1]
        if kind is StatementKind.SELECT and following not in (StatementKind.EMPTY, StatementKind.COMMIT):
            reason = "a line is one statement: another one stands behind a query"
            position = text.find(verdicts[index + 1][0], len(verdicts[index][0])) + 1
            return Denied("stacked", "42601", reason, position or None)
    return verdicts[0][1]


def as_object(verdict: Allowed | Denied) -> dict[str, Any]:
    """What --json prints.  Units: `position` is a character of the text, from 1; weights and `score` are 0..1."""
    from checker.injection import score
    from checker.verdict import Allowed

    found = {
        "score": round(score(verdict.findings), 4),
        "findings": [
            {"code": finding.code, "weight": finding.weight, "position": finding.position}
            for finding in verdict.findings
        ],
    }
    if isinstance(verdict, Allowed):
        reason = f"{verdict.kind.value} changes no data" if verdict.kind.value else "there is nothing to run"
        return {"allowed": True, "code": "allowed", "reason": reason, **found}
    report = {"allowed": False, "code": verdict.code, "reason": verdict.reason, "sqlstate": verdict.sqlstate}
    optional = {"position": verdict.position, "hint": verdict.hint}
    return report | {name: value for name, value in optional.items() if value is not None} | found


def as_line(report: dict[str, Any]) -> str:
    place = f"line {report['line']}: " if "line" in report else ""
    judged = f"  Judge: {report['judge']:.2f}" if "judge" in report else ""
    if report["allowed"]:
        return f"{place}allowed: {report['reason']}{judged}"
    hint = f"  Hint: {report['hint']}" if "hint" in report else ""
    at = f" at character {report['position']}" if "position" in report else ""
    return f"{place}denied ({report['sqlstate']}, {report['code']}){at}: {report['reason']}{hint}{judged}"


def _is_allowed(verdict: Allowed | Denied) -> bool:
    from checker.verdict import Allowed

    return isinstance(verdict, Allowed)


def _lines(source: str) -> Iterator[tuple[int, str]]:
    """Numbered statements; a line without anything in it is none."""
    try:
        with nullcontext(sys.stdin) if source == "-" else open(source, encoding="utf-8") as stream:
            for number, line in enumerate(stream, 1):
                text = line.rstrip("\r\n")
                if text.strip():
                    yield number, _unquoted(text)
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{source}: {error}", WRONG_USAGE) from None


def _unquoted(line: str) -> str:
    """The string that a JSON line holds, or the line."""
    if line.lstrip().startswith('"'):
        try:
            value = json.loads(line)
        except ValueError:
            return line
        if isinstance(value, str):
            return value
    return line
