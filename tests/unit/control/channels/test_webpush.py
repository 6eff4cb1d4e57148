"""Messages that one browser reads, held to the example of RFC 8291 and undone as a browser does it."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from quarterdeck.control.channels import webpush
from quarterdeck.control.channels.webpush import MAX_MESSAGE_BYTES, browser_keys, encrypted, unpadded
from quarterdeck.kernel.errors import Invalid

# RFC 8291, appendix A.
PLAIN = b"When I grow up, I want to be a watermelon"
SENDER = unpadded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw", "x")
P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = unpadded("DGv6ra1nlYgDCS1FRnbzlw", "x")
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7"
    "A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_the_standard_comes_out_as_it_stands_there() -> None:
    assert webpush.encoded(encrypted(PLAIN, browser_keys(P256DH, AUTH), sender=SENDER, salt=SALT)) == BODY


def test_the_request_is_signed_for_the_push_service_and_for_half_a_day() -> None:
    private = webpush.new_key()
    sent = dict(webpush.headers("https://push.example.com:8443/abc?d=e", private, "mailto:sam@example.com", 1_000))
    token, _, key = sent[b"authorization"].decode().removeprefix("vapid t=").partition(", k=")
    head, claims, signature = token.split(".")
    said = json.loads(unpadded(claims, "x"))
    assert said == {"aud": "https://push.example.com:8443", "exp": 1_000 + 12 * 3600, "sub": "mailto:sam@example.com"}
    raw = unpadded(signature, "x")
    signed = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unpadded(key, "x"))
    public.verify(signed, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    assert sent[b"content-encoding"] == b"aes128gcm"


def test_a_long_text_is_cut_until_it_fits_whatever_its_letters_weigh() -> None:
    for text in ("x" * 20_000, "👩\u200d👩\u200d👧" * 4_000, '"\n' * 9_000):
        said = webpush.message([{"title": "T", "body": text, "url": "https://here/x"}], "T", text)
        assert len(said) <= MAX_MESSAGE_BYTES
        assert json.loads(said)["body"].endswith("…")
    several = json.loads(
        webpush.message([{"title": "a"}, {"title": "b", "url": "/x"}], "2 things happened", "• a\n• b")
    )
    assert several == {"title": "2 things happened", "body": "• a\n• b", "url": None}


@pytest.mark.parametrize(
    ("p256dh", "auth", "field"),
    [
        (P256DH, "", "auth"),
        (P256DH, "AAAA", "auth"),
        ("AAAA", AUTH, "p256dh"),
        (base64.b64encode(b"\x04" + bytes(64)).decode(), AUTH, "p256dh"),
        ("ä", AUTH, "p256dh"),
    ],
)
def test_keys_that_are_none_are_refused(p256dh: str, auth: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        browser_keys(p256dh, auth)
    assert refused.value.extra["field"] == field
