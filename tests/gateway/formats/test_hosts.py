import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_kong.gateway.formats import hosts

PORT, IP = "must not have a port", "must not be an IP"


@pytest.mark.parametrize(
    ("check", "value", "message"),
    [
        (hosts.host, "example.com", None),
        (hosts.host, "example.com.", None),
        (hosts.host, ".", "invalid value: ."),
        (hosts.host, "10.0.0.1", None),
        (hosts.host, "::1", None),
        (hosts.host, "under_score.example", None),
        (hosts.host, "a..b", "invalid value: a..b"),
        (hosts.host, "-bad-.example", "invalid value: -bad-.example"),
        (hosts.host, "é.example", "invalid value: é.example"),
        (hosts.host, "1.2.3", "invalid value: 1.2.3"),
        (hosts.host, "a:80", PORT),
        (hosts.host, "a:99999", PORT),
        (hosts.host, "[::1]:80", PORT),
        (hosts.host_with_wildcards, "*.example.com:8080", None),
        (hosts.host_with_wildcards, "a b", "invalid hostname: a b"),
        (hosts.host_with_wildcards, "*.a b", "invalid hostname: abc.a b"),
        (hosts.host_with_wildcards, "a:99999", "invalid port number"),
        (hosts.host_with_optional_port, "256.1.1.1", "invalid ipv4 address: 256.1.1.1"),
        (hosts.host_with_optional_port, "[::1]x", "invalid ipv6 address"),
        (hosts.sni, "a.example", None),
        (hosts.sni, "*.example", "invalid value: *.example"),
        (hosts.sni, "10.0.0.1", IP),
        (hosts.sni, "a:1", PORT),
        (hosts.wildcard_host, "*", None),
        (hosts.wildcard_host, "*.example", None),
        (hosts.wildcard_host, "example.*", None),
        (hosts.wildcard_host, "a.*.example", "wildcard must be leftmost or rightmost character"),
        (hosts.wildcard_host, "*.example.*", "only one wildcard must be specified"),
        (hosts.wildcard_host, "*. b", "invalid value: wildcard. b"),
        (hosts.wildcard_host, "::1", IP),
        (hosts.target, "10.0.0.1:80", None),
        (hosts.target, ":80", "Invalid target (':80'); not a valid hostname or ip address"),
        (hosts.target, "\ud800", "Invalid target; not a valid hostname or ip address"),
        (hosts.upstream_name, "echo.default.80.svc", None),
        (hosts.upstream_name, "a b", "Invalid name ('a b'); must be a valid hostname"),
        (hosts.upstream_name, "1.2.3.4", "Invalid name ('1.2.3.4'); no ip addresses allowed"),
        (hosts.upstream_name, "a:80", "Invalid name ('a:80'); no port allowed"),
        (hosts.ip, "1.2.3.4", None),
        (hosts.ip, "[::1]", None),
        (hosts.ip, "1.2.3.04", "not an ip address: 1.2.3.04"),
        (hosts.ip_or_cidr, "10.0.0.7/8", None),
        (hosts.ip_or_cidr, "fe80::/10", None),
        (hosts.ip_or_cidr, "10.0.0.0/33", "invalid ip or cidr range: '10.0.0.0/33'"),
        (hosts.ip_or_cidr, "10.0.0.0/08", "invalid ip or cidr range: '10.0.0.0/08'"),
        (hosts.cidr_v4, "::/0", "invalid ipv4 cidr range: '::/0'"),
    ],
)
def test_answers(check, value, message):
    assert check(value) == message


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("001.2.3.4:080", ("ipv4", "1.2.3.4", 80)),
        ("[FE80::1]:9", ("ipv6", "fe80:0000:0000:0000:0000:0000:0000:0001", 9)),
        ("::", ("ipv6", "0000:0000:0000:0000:0000:0000:0000:0000", None)),
        ("Example.com:80", ("name", "Example.com", 80)),
    ],
)
def test_normalizes(text, address):
    assert tuple(hosts.normalize(text)) == address


@given(st.one_of(st.text(max_size=30), st.text("0123456789abf:.[]/*-", max_size=30)))
def test_never_raises(value):
    for check in (
        hosts.host,
        hosts.host_with_wildcards,
        hosts.sni,
        hosts.wildcard_host,
        hosts.target,
        hosts.upstream_name,
        hosts.ip,
        hosts.ip_or_cidr,
        hosts.cidr_v4,
    ):
        assert check(value) is None or isinstance(check(value), str)
