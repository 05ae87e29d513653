"""`users add|list|remove|passwd`: who may log in with a password."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Any

from proxy.cli.console import ALL_GOOD, Failure, add_conf_flag, settings_of
from proxy.users import Users


def add_commands(commands: Any) -> None:
    family = commands.add_parser(
        "users",
        help="add, list and remove users, change passwords",
        description="Users log in with SCRAM-SHA-256.  Only verifiers are stored, in the file that [auth] "
        "users_file names; a running server sees a change at the next login.",
    )
    add_conf_flag(family)
    actions = family.add_subparsers(metavar="ACTION", required=True)
    add = actions.add_parser("add", help="a new user; asks for the password, or reads it from standard input")
    add.add_argument("--role", action="append", default=[], help="a role that the user has; can be repeated")
    passwd = actions.add_parser("passwd", help="a new password for a user")
    remove = actions.add_parser("remove", help="remove a user")
    for action in (add, passwd, remove):
        action.add_argument("name")
    add.set_defaults(run=run_add)
    passwd.set_defaults(run=run_passwd)
    remove.set_defaults(run=run_remove)
    actions.add_parser("list", help="names and roles").set_defaults(run=run_list)


def run_add(arguments: argparse.Namespace) -> int:
    _users(arguments).add(arguments.name, _new_password(arguments.name), tuple(arguments.role))
    return ALL_GOOD


def run_passwd(arguments: argparse.Namespace) -> int:
    users = _users(arguments)
    if users.find(arguments.name) is None:
        raise Failure(f"no user {arguments.name}; `users list` shows the names")
    users.set_password(arguments.name, _new_password(arguments.name))
    return ALL_GOOD


def run_remove(arguments: argparse.Namespace) -> int:
    _users(arguments).remove(arguments.name)
    return ALL_GOOD


def run_list(arguments: argparse.Namespace) -> int:
    for user in _users(arguments).all():
        print("\t".join([user.name, *([",".join(user.roles)] if user.roles else [])]))
    return ALL_GOOD


def _users(arguments: argparse.Namespace) -> Users:
    return Users(settings_of(arguments).users_path)


def _new_password(name: str) -> str:
    """Never an argument: those are in the process list and the shell's history."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass(f"Password for {name}: ")
    if getpass.getpass("Again: ") != password:
        raise Failure("the two passwords differ")
    return password
