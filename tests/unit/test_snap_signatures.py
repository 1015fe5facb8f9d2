"""Signatures of SNAP calls: known answers of others, white space, and what must never fit."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.bank_clients import BankClient, MinifyMode
from va_callback.signatures import Signed, is_rsa_signature, is_symmetric_signature, minify

VECTORS = json.loads((Path(__file__).parents[1] / "snap_vectors.json").read_text())
PUBLISHED = {vector["id"]: vector for vector in VECTORS["published"]}
CLIENT = BankClient("client", "028", "partner", (), "")
SECRET = "rahasia"
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def sign(body: bytes, signed: Signed, token: str = "token", secret: str = SECRET) -> Signed:
    digest = hashlib.sha256(body).hexdigest()
    text = f"{signed.method}:{signed.path}:{token}:{digest}:{signed.timestamp}"
    signature = hmac.digest(secret.encode(), text.encode(), "sha512")
    return replace(signed, signature=base64.b64encode(signature).decode())


def make_signed(body: bytes) -> Signed:
    return Signed("POST", "/snap/v1.0/transfer-va/inquiry", body, "2026-11-27T10:00:00+07:00", "")


def fits(
    signed: Signed, *, token: str = "token", client: BankClient = CLIENT, secrets: tuple[str, ...] = (SECRET,)
) -> bool:
    return is_symmetric_signature(signed, token=token, client=client, secrets=secrets)


def test_published_symmetric_signature_of_midtrans_fits() -> None:
    vector = PUBLISHED["midtrans-symmetric-1"]
    body = vector["raw_body"].encode()
    assert hashlib.sha256(minify(body)).hexdigest() == vector["sha256_hex_lower"]
    signed = Signed(vector["method"], vector["path"], body, vector["timestamp"], vector["expected_signature"])
    assert fits(signed, token=vector["accessToken"], secrets=(vector["clientSecret"],))
    assert not fits(replace(signed, body=body + b"{}"), token=vector["accessToken"], secrets=(vector["clientSecret"],))


def test_published_asymmetric_signature_of_midtrans_fits() -> None:
    vector = PUBLISHED["midtrans-asymmetric-token-1"]
    client = replace(CLIENT, public_keys=(vector["public_key_pem"],))
    assert is_rsa_signature(vector["expected_signature"], vector["string_to_sign"], client)
    assert not is_rsa_signature(vector["expected_signature"], vector["string_to_sign"] + "0", client)
    assert not is_rsa_signature(
        vector["expected_signature"], vector["string_to_sign"], replace(client, min_key_bits=4096)
    )


@pytest.mark.parametrize("vector", VECTORS["computed"], ids=lambda vector: vector["name"])
def test_signature_of_a_library_nobody_here_wrote_fits(vector: dict[str, Any]) -> None:
    body = vector["wire_body_compact_ascii"].encode()
    signature = vector["signature_doku_python_1_1_72"]
    signed = Signed(vector["method"], vector["path"], body, vector["timestamp"], signature)
    assert fits(signed, token=vector["accessToken"], secrets=(vector["clientSecret"],))


@given(value=JSON_VALUES, indent=st.sampled_from([None, 1, 4, "\t"]), ascii_only=st.booleans())
def test_minified_body_is_the_compact_json_whatever_white_space_it_had(
    value: Any, indent: Any, ascii_only: bool
) -> None:
    def dump(**options: Any) -> bytes:
        return json.dumps(value, ensure_ascii=ascii_only, **options).encode("utf-8", "surrogatepass")

    assert minify(dump(indent=indent)) == dump(separators=(",", ":"))
    assert minify(minify(dump(indent=indent))) == minify(dump(indent=indent))


@given(raw=st.lists(st.sampled_from([b'"', b"\\", b" ", b"\n", b"a", b"\xff", b"{", b":"])).map(b"".join))
def test_minify_does_to_any_bytes_what_a_plain_loop_does(raw: bytes) -> None:
    kept, in_string, escaped = bytearray(), False, False
    for byte in raw:
        if in_string:
            kept.append(byte)
            in_string = escaped or byte != ord('"')
            escaped = not escaped and byte == ord("\\")
        elif byte not in b" \t\r\n":
            kept.append(byte)
            in_string = byte == ord('"')
    assert minify(raw) == bytes(kept)


def test_body_may_be_signed_minified_or_as_sent_and_without_any_space_only_where_the_client_is_set_so() -> None:
    body = b'{ "partnerServiceId" : "   88001" }'
    signed = make_signed(body)
    assert fits(sign(minify(body), signed))
    assert fits(sign(body, signed))
    stripped = sign(b'{"partnerServiceId":"88001"}', signed)
    assert not fits(stripped)
    assert fits(stripped, client=replace(CLIENT, minify=MinifyMode.STRIP_ALL))


def test_escaped_and_plain_letters_are_each_signed_as_they_were_sent() -> None:
    for body in ('{"name":"Sīti 🎓"}'.encode(), json.dumps({"name": "Sīti 🎓"}, separators=(",", ":")).encode()):
        assert fits(sign(body, make_signed(body)))


def test_prefix_that_a_proxy_strips_is_signed_all_the_same() -> None:
    behind = replace(CLIENT, signed_path_prefix="/openapi")
    signed = make_signed(b"{}")
    told = sign(b"{}", replace(signed, path="/openapi" + signed.path))
    assert fits(replace(told, path=signed.path), client=behind)
    assert not fits(replace(told, path=signed.path))


def test_either_of_two_secrets_fits_while_they_are_changed() -> None:
    signed = sign(b"{}", make_signed(b"{}"), secret="baru")
    assert fits(signed, secrets=("baru", "lama"))
    assert fits(signed, secrets=("lama", "baru"))
    assert not fits(signed, secrets=("lama",))
    assert not fits(signed, secrets=())


@pytest.mark.parametrize("member", ["method", "path", "timestamp", "body"])
def test_changing_anything_that_is_signed_breaks_the_signature(member: str) -> None:
    signed = sign(b"{}", make_signed(b"{}"))
    other: Any = b"[]" if member == "body" else "other"
    assert fits(signed)
    assert not fits(replace(signed, **{member: other}))
    assert not fits(signed, token="other")


@given(st.text() | st.binary(max_size=80).map(lambda raw: base64.b64encode(raw).decode()))
def test_no_made_up_signature_fits_and_none_raises(signature: str) -> None:
    signed = replace(make_signed(b"{}"), signature=signature)
    client = replace(CLIENT, public_keys=(PUBLISHED["midtrans-asymmetric-token-1"]["public_key_pem"],))
    assert not fits(signed)
    assert not is_rsa_signature(signature, "text", client)
