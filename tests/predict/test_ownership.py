from gitops_kong.predict.ownership import consumer_losses

TAGS = ["k8s-name:ada", "k8s-namespace:shop", "k8s-kind:KongConsumer", "k8s-group:configuration.konghq.com"]


def consumer(password: str) -> dict[str, object]:
    return {"username": "ada", "tags": TAGS, "basicauth_credentials": [{"username": "ada", "password": password}]}


def test_a_password_that_is_hashed_again_is_told_without_its_value() -> None:
    losses = list(consumer_losses({"consumers": [consumer("open")]}, {"consumers": [consumer("hash")]}))
    assert [str(ref) for ref, _ in losses] == ["KongConsumer shop/ada"]
    assert "hash of its password is hashed again" in losses[0][1]
    assert "open" not in losses[0][1]


def test_a_consumer_that_stays_as_it_was_loses_nothing() -> None:
    same = {
        "consumers": [consumer("open")],
        "consumer_group_consumers": [{"consumer": "ada", "consumer_group": "gold"}],
    }
    assert list(consumer_losses(same, same)) == []
