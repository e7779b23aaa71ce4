# certs.py - a certificate authority for one run.
# SPDX-License-Identifier: GPL-2.0-or-later
import subprocess
import time


def pki(*arguments, data=b""):
    return subprocess.run(["pki", *arguments], input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout


def key(kind="rsa", size="2048"):
    return pki("--gen", "--type", kind, "--size", size, "--outform", "pem")


def authority(directory, names, ca="Lab CA", size="2048", named=None, lasts=None, digest="sha256"):
    """Certificates for {box: identity}, as the files that swanctl wants for each box.  named gives a box's another name than its
    identity; lasts gives its first and last moment, in days from now; digest is that of their signatures."""
    moment = lambda days: time.strftime("%d.%m.%y %H:%M:%S", time.gmtime(time.time() + days * 86400))
    path = directory / ("ca-" + ca.replace(" ", "-"))
    path.mkdir()
    (path / "ca.key").write_bytes(key())
    (path / "ca.pem").write_bytes(pki("--self", "--in", str(path / "ca.key"), "--type", "rsa", "--dn", "O=Espial, CN=" + ca, "--ca",
                                      "--outform", "pem"))
    result = {}
    for box, name in names.items():
        name = (named or {}).get(box, name)
        dates = [part for option, day in zip(("--not-before", "--not-after"), (lasts or {}).get(box, ())) for part in (option, moment(day))]
        own = key(size=size)
        public = pki("--pub", "--type", "rsa", "--outform", "pem", data=own)
        mine = pki("--issue", "--cacert", str(path / "ca.pem"), "--cakey", str(path / "ca.key"), "--type", "pub", "--dn",
                   "O=Espial, CN=" + name, "--san", name, "--digest", digest, *dates, "--outform", "pem", data=public)
        result[box] = {"private": {"own.pem": own}, "x509": {"own.pem": mine},
                       "x509ca": {"ca.pem": (path / "ca.pem").read_bytes()}}
    return result
