"""Who asks: an administrator mostly, an ordinary account or the ops token at times.

schemathesis itself asks without credentials wherever some are needed (its check `ignored_auth`). What ends sessions or
accounts is asked by an account that was made for this one call, or the rest of the run would have no token left.
"""

import itertools
import json
import os
import subprocess

import requests
import schemathesis

PUBLIC, PASSWORD = os.environ["GUARDHOUSE_PUBLIC"], os.environ["GUARDHOUSE_PASSWORD"]
CREATE = json.loads(os.environ["GUARDHOUSE_CREATE"])
CLIENT = ("inventory", os.environ["GUARDHOUSE_CLIENT_SECRET"])
OPS_TOKEN = os.environ["GUARDHOUSE_OPS_TOKEN"]

ENDS = {("POST", "/auth/logout"), ("POST", "/auth/password"), ("DELETE", "/auth/me"), ("DELETE", "/auth/sessions/{id}")}

session = requests.Session()
session.trust_env = False
numbers = itertools.count()
looked = itertools.count()
tokens = {}


def call(method, path, token=None, **body):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = session.request(method, PUBLIC + path, headers=headers, json=body or None, timeout=30)
    return answer.status_code, answer.json() if answer.content else None


def signed_in(email):
    status, reply = call("POST", "/auth/login", email=email, password=PASSWORD)
    assert status == 200, f"{email} cannot sign in: {status} {reply}"
    return reply["access_token"]


def keeper():
    """The token of the administrator who makes the accounts. Like any other account it may be ended by the run."""
    if "keeper" not in tokens or call("GET", "/users?limit=1", tokens["keeper"])[0] != 200:
        email = f"keeper-{next(numbers)}@example.org"
        command = [*CREATE, email, "--role", "user", "--role", "admin"]
        subprocess.run(command, input=PASSWORD.encode(), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        tokens["keeper"] = signed_in(email)
    return tokens["keeper"]


def fresh(*roles):
    """The token of an account that nobody else has."""
    email = f"fuzz-{next(numbers)}@example.org"
    made = call("POST", "/users", keeper(), email=email, password=PASSWORD, roles=["user", *roles])
    assert made[0] == 201, f"no account can be made: {made}"
    return signed_in(email)


def kept(*roles):
    """As `fresh`, and the same as before while it is good; looking each time would double the requests."""
    token = tokens.get(roles)
    looks = next(looked) % 16 == 0
    if token is None or looks and call("GET", "/users?limit=1" if roles else "/auth/me", token)[0] != 200:
        token = tokens[roles] = fresh(*roles)
    return token


@schemathesis.auth(refresh_interval=None)
class Credentials:
    def get(self, case, _context):
        path, turn = case.operation.path, next(numbers)
        if path.startswith("/oauth2/"):
            return requests.auth._basic_auth_str(*CLIENT)
        if (case.method, path) in ENDS:
            return f"Bearer {fresh('admin')}"
        if path.startswith("/admin/") and turn % 4 == 0:
            return f"Bearer {OPS_TOKEN}"
        return f"Bearer {kept() if turn % 5 == 0 else kept('admin')}"

    def set(self, case, data, _context):
        if case.operation.definition.raw.get("security"):
            case.headers = {**(case.headers or {}), "Authorization": data}
