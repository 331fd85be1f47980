"""What a schema cannot say: the verb of our own, and that a body may name things which must be there."""

import os
import time

import requests
import schemathesis
from hypothesis import strategies as st

URL = os.environ["FARWIRE_URL"]
TOKEN = os.environ["FARWIRE_TOKEN"]
IS_ACTION = os.environ.get("FARWIRE_VERB") == "ACTION"

# Machines that answer at once, or fail at once.
HOSTS = ["127.0.0.1", "localhost", "::1", "/tmp/farwire-no-such.sock"]
KEYS = ["a", "Return", "F5", "ctrl+alt+Delete", "shift+Tab"]

schemathesis.openapi.format("host", st.sampled_from(HOSTS))
schemathesis.openapi.format("key", st.sampled_from(KEYS))
schemathesis.openapi.format("path", st.sampled_from(["/tmp/farwire-no-such", "/no such/file.txt"]))
schemathesis.openapi.format("ssh-address", st.sampled_from(["web", "me@127.0.0.1:2222", "ssh://[::1]:22"]))
schemathesis.openapi.format("jumps", st.sampled_from(["me@127.0.0.1:22", "a@127.0.0.1:22, b@localhost:2222"]))
schemathesis.openapi.format("tunnels", st.sampled_from(["D 0", "L 0 localhost:80, R 0 127.0.0.1:80"]))
schemathesis.openapi.format("tunnel-end", st.sampled_from(["127.0.0.1:18080", "localhost:18081", "/tmp/farwire-no-such.sock"]))

server = requests.Session()
server.trust_env = False
server.headers["Authorization"] = f"Bearer {TOKEN}"


def call(method, path, body=None):
    return server.request(method, URL + path, json=body, timeout=30).json()


own_token = next(token["id"] for token in call("GET", "/tokens") if token["name"] == "schemathesis")


def new_group():
    return call("PUT", "/group", {"name": "for a reference"})["group_uid"]


def new_gateway():
    return call("PUT", "/connection", {"name": "for a reference", "protocol": "SSH"})["uid"]


def new_credential():
    return call("PUT", "/credential", {"name": "for a reference"})["credential_uid"]


def protocol_prefix(case, body):
    """What the credentials of the connection that a request is about begin with; None where there is no such connection."""
    parameters = case.path_parameters or {}
    uid = parameters.get("uid", body.get("uid"))
    if "session_id" in parameters:
        running = (one for one in call("GET", "/sessions") if one["session_id"] == parameters["session_id"])
        uid = next((one["connection_uid"] for one in running), None)
    answer = call("GET", f"/connection/{requests.utils.quote(str(uid), safe='')}") if uid else {}
    names = {"NEAR": "rxp", "APPLE": "apple", "VNC": "vnc", "RDP": "rdp", "SSH": "ssh"}
    return names.get(answer.get("protocol"))


def keep_known(body, case):
    """Leaves references to things that are there, times that are to come, and credentials of the connection's protocol."""
    for key, new in (("category_uid", new_group), ("parent_uid", new_group), ("via", new_gateway), ("credential", new_credential)):
        if isinstance(body.get(key), str):
            body[key] = new()
    if isinstance(body.get("expires"), (int, float)) and body["expires"] <= time.time() + 600:
        body["expires"] = int(time.time()) + 86400
    for side in ("from", "to"):
        there = body.get(side)
        if isinstance(there, dict) and isinstance(there.get("uid"), str):
            there["uid"] = new_gateway()
        # On this computer a path is absolute.
        elif isinstance(there, dict) and isinstance(there.get("path"), str):
            # The root has Farwire's own folder in it, which is not copied.
            there["path"] = "/" + (there["path"][1:] or "nowhere")
    # Sessions of other protocols have no such choice.
    if case.path == "/session/{session_id}" and protocol_prefix(case, body) != "rdp":
        body.pop("codec", None)
    # Where a dynamic tunnel leads is said by whoever uses it.
    if case.path == "/tunnels":
        if body.get("kind") == "dynamic":
            body.pop("to", None)
        else:
            body.setdefault("to", "127.0.0.1:80")
    credentials = body.get("credentials") if isinstance(body.get("credentials"), dict) else body
    # A connection's own body has settings, which look alike.
    is_of_connection = case.path.startswith(("/connection/{uid}/", "/session/")) or case.path == "/tunnels"
    if is_of_connection and any("." in key for key in credentials):
        prefix = protocol_prefix(case, body)
        for key in [key for key in credentials if "." in key and key.split(".")[0] != prefix]:
            del credentials[key]


@schemathesis.hook
def before_call(context, case, **kwargs):
    if IS_ACTION and case.operation.definition.raw.get("x-method") == "ACTION" and case.method.upper() == "POST":
        case.method = "ACTION"
    # The token all this is sent with stays: another one is deleted in its place.
    if case.method.upper() == "DELETE" and (case.path_parameters or {}).get("id") == own_token:
        case.path_parameters["id"] = call("PUT", "/tokens", {"name": "to delete", "scopes": ["read"]})["id"]
    is_positive = case.meta is None or case.meta.generation.mode.is_positive
    if is_positive and isinstance(case.body, dict):
        keep_known(case.body, case)
    if is_positive and case.path == "/import":
        # The file is no JSON; what its lines may be is no schema's matter.
        case.body, case.media_type = b"full address:s:127.0.0.1\r\n", "application/octet-stream"


@schemathesis.hook
def after_call(context, case, response):
    # A reader of the usual verbs cannot know ours.
    allow = response.headers.get("allow")
    if allow:
        response.headers["allow"] = [", ".join(verb for verb in allow[0].split(", ") if verb != "ACTION")]


@schemathesis.hook
def filter_failure(context, failure, case, response):
    # Deleted credentials leave their connection with none, which is an answer that scripts count on. Anything left of them
    # is a failure.
    is_emptied = case.path == "/connection/{uid}/credentials" and type(failure).__name__ == "UseAfterFree"
    return not (is_emptied and response.json() == {"redacted": [], "revision": 0})
