"""What each kind finds, and what looks like it and stays."""

import pytest

from ingest.redaction import KINDS, Redactor

ALL = Redactor(KINDS)
DEFAULTS = Redactor()

FOUND = [
    # (kind, text, what is stored)
    ("api_key", "use sk-ant-api03-Zm9vYmFyMTIzNDU2Nzg5 now", "use <REDACTED_SECRET> now"),
    ("api_key", "sk-proj-A1b2C3d4E5f6G7h8I9j0", "<REDACTED_SECRET>"),
    ("api_key", "token ghp_16C7e42F292c6912E7710c838347Ae178B4a", "token <REDACTED_SECRET>"),
    ("api_key", "gho_16C7e42F292c6912E7710c838347Ae178B4a", "<REDACTED_SECRET>"),
    ("api_key", "github_pat_11ABCDEFG0123456789_abcdefghij", "<REDACTED_SECRET>"),
    ("api_key", "xoxb-123456789012-abcdefGHIJKL", "<REDACTED_SECRET>"),
    ("api_key", "AKIAIOSFODNN7EXAMPLE", "<REDACTED_SECRET>"),
    ("api_key", "(ASIAIOSFODNN7EXAMPLE)", "(<REDACTED_SECRET>)"),
    ("api_key", "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY", "<REDACTED_SECRET>"),
    ("api_key", "glpat-AbCdEfGhIjKlMnOpQrSt", "<REDACTED_SECRET>"),
    ("api_key", "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH", "<REDACTED_SECRET>"),
    ("api_key", "npm_abcdefghijklmnopqrstuvwxyz0123456789", "<REDACTED_SECRET>"),
    ("api_key", "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "<REDACTED_SECRET>"),
    ("api_key", "rd_write_abcdefghijklmnopqrstuvwxyz012345", "<REDACTED_SECRET>"),
    ("api_key", "Authorization: Bearer abcDEF123456789xyz", "Authorization: Bearer <REDACTED_SECRET>"),
    ("api_key", "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P done", "jwt <REDACTED_SECRET> done"),
    ("api_key", "api_key=9f8e7d6c5b4a39281706", "api_key=<REDACTED_SECRET>"),
    ("api_key", '{"clientSecret": "q7W2e9R4t6Y1u3I8"}', '{"clientSecret": "<REDACTED_SECRET>"}'),
    ("api_key", '{\\"access_token\\": \\"q7W2e9R4t6Y1u3I8\\"}', '{\\"access_token\\": \\"<REDACTED_SECRET>\\"}'),
    ("api_key", "My API key is q7W2e9R4t6Y1u3I8.", "My API key is <REDACTED_SECRET>."),
    ("api_key", "Cookie: sid=31d4d96e407aad42; theme=dark\nAccept: */*", "Cookie: <REDACTED_SECRET>\nAccept: */*"),
    ("api_key", "?X-Amz-Signature=2f1b7c0d9e8a7b6c5d4e3f2a1b0c9d8e&x=1", "?X-Amz-Signature=<REDACTED_SECRET>&x=1"),
    ("password", "password=correcthorse", "password=<REDACTED_CREDENTIALS>"),
    ("password", '{"password": "hunter"}', '{"password": "<REDACTED_CREDENTIALS>"}'),
    ("password", "DB_PASSWORD: s3cret!", "DB_PASSWORD: <REDACTED_CREDENTIALS>"),
    ("password", "my password is hunter2.", "my password is <REDACTED_CREDENTIALS>."),
    ("password", "Passwort: Sommer2024!", "Passwort: <REDACTED_CREDENTIALS>"),
    ("password", "Mein Passwort für den Shop lautet Sommer2024.", "Mein Passwort für den Shop lautet <REDACTED_CREDENTIALS>."),
    ("password", "Kennwort=geheim", "Kennwort=<REDACTED_CREDENTIALS>"),
    ("password", "mi contraseña es Gato1234", "mi contraseña es <REDACTED_CREDENTIALS>"),
    ("password", '{"contraseña": "gato"}', '{"contraseña": "<REDACTED_CREDENTIALS>"}'),
    ("password", "Mot de passe : Chien99x", "Mot de passe : <REDACTED_CREDENTIALS>"),
    ("password", "a senha é abc1234", "a senha é <REDACTED_CREDENTIALS>"),
    ("password", "la password è Gatto123", "la password è <REDACTED_CREDENTIALS>"),
    ("password", "Пароль: Kot12345", "Пароль: <REDACTED_CREDENTIALS>"),
    ("password", "密码：abc12345", "密码：<REDACTED_CREDENTIALS>"),
    ("card", "exp 12/27, CVV 123.", "exp 12/27, CVV <REDACTED_CREDIT_CARD>."),
    ("card", "the cvc code is: 1234", "the cvc code is: <REDACTED_CREDIT_CARD>"),
    ("card", "my security code is 123", "my security code is <REDACTED_CREDIT_CARD>"),
    ("card", "Kartenprüfnummer: 123", "Kartenprüfnummer: <REDACTED_CREDIT_CARD>"),
    ("card", "código de seguridad 123", "código de seguridad <REDACTED_CREDIT_CARD>"),
    ("private_key", "a -----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY----- b", "a <REDACTED_SECRET> b"),
    ("private_key", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk", "<REDACTED_SECRET>"),
    ("url_credentials", "postgresql://app:s3cr3t@db.example:5432/x", "postgresql://<REDACTED_CREDENTIALS>@db.example:5432/x"),
    ("card", "my card 4111 1111 1111 1111, thanks", "my card <REDACTED_CREDIT_CARD>, thanks"),
    ("card", "5555-5555-5555-4444", "<REDACTED_CREDIT_CARD>"),
    ("card", "3782 822463 10005", "<REDACTED_CREDIT_CARD>"),
    ("card", "30569309025904", "<REDACTED_CREDIT_CARD>"),
    ("card", "4111\u00a01111\u00a01111\u00a01111", "<REDACTED_CREDIT_CARD>"),
    ("card", "卡号4111111111111111。", "卡号<REDACTED_CREDIT_CARD>。"),
    ("card", "Maestro card 501800000009", "Maestro card <REDACTED_CREDIT_CARD>"),
    ("iban", "to GB29 NWBK 6016 1331 9268 19 and then", "to <REDACTED_IBAN> and then"),
    ("iban", "de89370400440532013000", "<REDACTED_IBAN>"),
    ("ssn", "SSN 536-90-4399", "SSN <REDACTED_SSN>"),
    ("ssn", "my social security number is 536904399", "my social security number is <REDACTED_SSN>"),
    ("national_id", "NINO: AB123456C", "NINO: <REDACTED_ID>"),
    ("national_id", "mi DNI es 12345678Z", "mi DNI es <REDACTED_ID>"),
    ("national_id", "NIE X1234567L", "NIE <REDACTED_ID>"),
    ("national_id", "codice RSSMRA85T10A562S", "codice <REDACTED_ID>"),
    ("national_id", "CPF 390.533.447-05", "CPF <REDACTED_ID>"),
    ("national_id", "AHV 756.9217.0769.85", "AHV <REDACTED_ID>"),
    ("national_id", "my PESEL: 44051401359", "my PESEL: <REDACTED_ID>"),
    ("national_id", "passport number is X12345678", "passport number is <REDACTED_ID>"),
    ("email", "write to Ann.O'Neil+x@mail.example.co.uk.", "write to <REDACTED_EMAIL>."),
    ("email", "jürgen@müller.example", "<REDACTED_EMAIL>"),
    ("phone", "call +44 20 7946 0958 now", "call <REDACTED_PHONE> now"),
    ("phone", "(415) 555-2671", "<REDACTED_PHONE>"),
    ("phone", "415-555-2671 x123", "<REDACTED_PHONE>"),
    ("phone", "my mobile: 0489253729", "my mobile: <REDACTED_PHONE>"),
    ("ip", "from 203.0.113.9:8080", "from <REDACTED_IP>:8080"),
    ("ip", "2001:db8:85a3::8a2e:370:7334", "<REDACTED_IP>"),
    ("name", "My name is Zsófia O'Neil-Kovács and", "My name is <REDACTED_NAME> and"),
    ("name", "Thanks, Mr. van der Berg", None),
    ("name", "Thank you, Mia.", "Thank you, <REDACTED_NAME>."),
    ("name", "Dr. Okafor's office", "Dr. <REDACTED_NAME>'s office"),
    ("name", '{"first_name": "Qwelia"}', '{"first_name": "<REDACTED_NAME>"}'),
    ("address", "975 Sunset Drive, Suite 217, Austin, TX 78750", "<REDACTED_ADDRESS>"),
    ("address", "Hauptstraße 12", "<REDACTED_ADDRESS>"),
    ("address", "my zip code is 19122", "my zip code is <REDACTED_ADDRESS>"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "stored"), [row for row in FOUND if row[2]])
def test_it_finds(kind: str, text: str, stored: str) -> None:
    assert ALL.text(text) == stored
    assert Redactor({kind}).text(text) == stored
    assert {finding.kind for finding in ALL.find(text)} == {kind}
    assert (DEFAULTS.text(text) == stored) == KINDS[kind].default


STAYS = [
    "card 4111 1111 1111 1112",  # wrong check digit
    "11.579999999999927",  # decimals that pass Luhn
    "4006381333931",  # a barcode that passes Luhn as an old Visa would
    "GB29 NWBK 6016 1331 9268 18",
    "000-12-3456 666-12-3456 123-00-4567 123-45-0000",  # never given out
    "order 123456789",
    "12345678Z",  # a DNI's shape, but nothing says so
    "passport needed by 2024-05-15",
    "password: required",
    'password: "string"',
    "Password must be at least 8 characters",
    "Das Passwort: bitte ändern, Ihr Passwort ist falsch",
    "la contraseña es obligatoria, mot de passe : requis",
    "the CVV is 3 digits, the security code 123456 and the cvv of 2024-05-01",
    "reset the password on 2024-05-01",
    "api_key=${API_KEY}",
    "token: the",
    "the secret: butter",
    "the bearer of bad-news-and-tidings",
    "sk-learn-and-other-kebab-words",
    "https://example.com:8080/a@b",
    "npm install react@18.2.0",
    "icon@2x.png",
    "git@github.com:owner/repository.git",
    "127.0.0.1 0.0.0.0 255.255.255.0 ::1",
    "std::string a::b",
    "version 1.2.3.4",
    "12:30:45",
    "I'm Sorry to hear that. Thank You, Dear Customer.",
    "We flew to San Francisco on May 20",
]


@pytest.mark.parametrize("text", STAYS)
def test_it_leaves(text: str) -> None:
    assert ALL.text(text) == text


def test_credentials_come_first() -> None:
    assert ALL.text("password=4111111111111111") == "password=<REDACTED_CREDENTIALS>"


def test_a_text_with_nothing_is_the_same_object() -> None:
    text = "Where is my order? It was to arrive on Tuesday, and now it is Friday."
    assert DEFAULTS.text(text) is text


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(KeyError):
        Redactor({"nonsense"})


def test_regions_make_national_numbers_known() -> None:
    assert Redactor({"phone"}).text("020 7946 0958") == "020 7946 0958"
    assert Redactor({"phone"}, regions=("GB",)).text("020 7946 0958") == "<REDACTED_PHONE>"
