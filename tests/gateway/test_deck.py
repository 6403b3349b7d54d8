from gitops_kong.gateway import catalogue, deck
from gitops_kong.gateway.validate import validate

FILE = {
    "_format_version": "3.0",
    "_info": {"select_tags": ["a"]},
    "_workspace": "default",
    "_plugin_configs": {"limits": {"minute": 5, "policy": "local"}},
    "services": [{"name": "s", "host": "s.example", "routes": [{"name": "r", "paths": ["/"]}]}],
    "plugins": [{"name": "rate-limiting", "_config": "limits", "config": {"hour": 9}, "service": {"name": "s"}}],
}


def test_a_file_of_deck_becomes_what_the_gateway_takes() -> None:
    assert deck.is_deck(FILE)
    plain = deck.without_deck(FILE)
    assert set(plain) == {"_format_version", "services", "plugins"}
    assert plain["plugins"] == [
        {"name": "rate-limiting", "config": {"minute": 5, "policy": "local", "hour": 9}, "service": "s"}
    ]
    assert validate(plain, catalogue.load("3.9")).status == 201
    assert validate(FILE, catalogue.load("3.9")).status == 400


def test_other_files_are_not_touched() -> None:
    assert not deck.is_deck({"_format_version": "3.0", "services": []})
