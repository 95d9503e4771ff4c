"""Verifies tokens with the Python of docs/verify-elsewhere.md.

Reads one request a line, answers each with a line: {"claims": ...} or {"refused": "..."}. A request has `token`, `algorithm`,
`issuer`, `audience`, and either `keys`, the address of the published keys, or `secret`.
"""

import json
import sys

import guardhouse_jwt
import guardhouse_paseto
import pyseto


def claims(request):
    token, issuer, audience = request["token"], request["issuer"], request["audience"]
    algorithm, address, secret = request["algorithm"], request["keys"], request["secret"]
    if algorithm == "v4.local":
        key = pyseto.Key.from_paserk(secret)
        return guardhouse_paseto.verify(token, {key.to_paserk_id(): key}, issuer, audience)
    if algorithm == "v4.public":
        return guardhouse_paseto.verify(token, guardhouse_paseto.published(address), issuer, audience)
    keys = secret if address is None else guardhouse_jwt.published(address)
    return guardhouse_jwt.verify(token, keys, algorithm, issuer, audience)


for line in sys.stdin:
    try:
        answer = {"claims": claims(json.loads(line))}
    except Exception as fault:
        answer = {"refused": f"{type(fault).__name__}: {fault}"}
    print(json.dumps(answer), flush=True)
