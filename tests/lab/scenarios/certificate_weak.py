"""Certificates with short keys and SHA-1

The tunnel works. The client's key of RSA has 1024 bits, the gateway's certificate is signed over SHA-1; the authority's own
signature, on which nobody relies, says nothing."""
from certs import authority
from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    client={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote": {"auth": "pubkey"}},
    gateway={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote": {"auth": "pubkey"}})))


def certificates(directory):
    short = authority(directory, {"client": CLIENT_ID}, ca="First CA", size="1024")["client"]
    weak = authority(directory, {"gateway": GATEWAY_ID}, ca="Second CA", digest="sha1")["gateway"]
    both = {"first.pem": short["x509ca"]["ca.pem"], "second.pem": weak["x509ca"]["ca.pem"]}
    return {"client": {**short, "x509ca": both}, "gateway": {**weak, "x509ca": both}}


def story(lab):
    lab.client.initiate()


TRUTH = [("weak_certificate", "isakmp.cert.encoding")]
SILENT = ("auth_failed", "certificate_expired", "certificate_name_mismatch")
