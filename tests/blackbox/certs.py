"""A throw-away certificate authority, made with the openssl command."""

import pathlib
import subprocess


def openssl(*args: str | int | pathlib.Path, stdin: bytes | None = None) -> bytes:
    """Runs openssl and returns what it prints."""
    done = subprocess.run(["openssl", *map(str, args)], input=stdin, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {args[0]}: {done.stderr.decode()}")
    return done.stdout


class Authority:
    """Issues certificates into `directory`, valid for a day."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        self.key = directory / "ca.key"
        self.certificate = directory / "ca.crt"
        openssl(
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            1,
            "-subj",
            "/CN=black-box CA",
            "-keyout",
            self.key,
            "-out",
            self.certificate,
        )

    def another(self, name: str) -> "Authority":
        """A second authority that has nothing to do with this one."""
        directory = self.directory / name
        directory.mkdir()
        return Authority(directory)

    def issue(self, name: str, hosts: list[str], client: bool = False) -> tuple[pathlib.Path, pathlib.Path]:
        """A certificate for `hosts` (names or IPv4 addresses); returns the paths (certificate, key)."""
        key, request = self.directory / f"{name}.key", self.directory / f"{name}.csr"
        certificate, extensions = self.directory / f"{name}.crt", self.directory / f"{name}.ext"
        names = ",".join(("IP:" if host.replace(".", "").isdigit() else "DNS:") + host for host in hosts)
        extensions.write_text(f"subjectAltName={names}\nextendedKeyUsage={'clientAuth' if client else 'serverAuth'}\n")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        openssl(
            "x509",
            "-req",
            "-in",
            request,
            "-CA",
            self.certificate,
            "-CAkey",
            self.key,
            "-CAcreateserial",
            "-days",
            1,
            "-extfile",
            extensions,
            "-out",
            certificate,
        )
        return certificate, key


def rsa_key() -> str:
    """A new RSA private key as PEM text."""
    return openssl("genrsa", "-traditional", 2048).decode()
