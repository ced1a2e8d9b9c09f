"""A mail server for tests: aiosmtpd, with TLS and a user, that keeps each letter as a file.

Its one argument is a file with JSON: port, security (tls, starttls or none), certificate and key (files), user and password (or
null), and the folder for letters. Letters for unknown@... are refused.
"""

import asyncio
import email
import email.policy
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Letters:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("unknown@"):
            return "550 5.1.1 No such person here: Gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        kept = {
            "mail_from": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "user": session.auth_data.login.decode() if session.authenticated else None,
            "secured": server.transport.get_extra_info("ssl_object") is not None,
            "headers": [[name, str(value)] for name, value in letter.items()],
            "subject": str(letter["subject"]),
            "text": letter.get_content(),
        }
        self.count += 1
        path = os.path.join(self.folder, f"{os.getpid()}-{self.count:04}.json")
        with open(path + ".part", "w", encoding="utf-8") as file:
            json.dump(kept, file)
        os.rename(path + ".part", path)
        return "250 2.0.0 kept"


async def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        wanted = json.load(file)
    tls = None
    if wanted["security"] != "none":
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(wanted["certificate"], wanted["key"])
    starttls = wanted["security"] == "starttls"

    def authenticated(server, session, envelope, mechanism, shown):
        known = (shown.login.decode(), shown.password.decode()) == (wanted["user"], wanted["password"])
        return AuthResult(success=known, handled=False, auth_data=shown if known else None)

    letters = Letters(wanted["folder"])

    def session():
        return SMTP(
            letters,
            hostname="mail.test",
            enable_SMTPUTF8=True,
            tls_context=tls if starttls else None,
            require_starttls=starttls,
            authenticator=authenticated if wanted["user"] else None,
            auth_required=bool(wanted["user"]),
            auth_require_tls=starttls,
        )

    implicit = None if starttls else tls
    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", wanted["port"], ssl=implicit)
    await server.serve_forever()


asyncio.run(main())
