"""The cluster after manifests were applied to it; other processes find out what the API server takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from gitops_kong import parallel
from gitops_kong.apiserver.admission import ApiServer
from gitops_kong.apiserver.problems import path_of
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.manifests.secrets import Scrubber
from gitops_kong.predict.cluster_state import Admission, Admit, ClusterState, TakeIn, cluster_state
from gitops_kong.predict.webhook import Webhook


@dataclass(frozen=True)
class Applying:
    """`objects` on their way into a cluster in the state `before`; CRDs among them win over those that ship here."""

    objects: Sequence[K8sObject]
    options: ControllerOptions
    server: ApiServer
    take_in: TakeIn
    before: ClusterState | None = None
    webhook: Webhook | None = None

    @cached_property
    def _server(self) -> ApiServer:
        return self.server.with_crds(self.objects)

    def state(self) -> ClusterState:
        """The state after they were applied."""
        admit = admission(self._server)
        previous = self.before.stored if self.before else {}
        asked = {obj: previous.get(obj.ref) for obj in self.objects}
        _, *others = parallel.shares(self.objects)
        with parallel.Ahead(others, _plain(admit, asked)) as ahead:
            return self._with(self._known(admit, asked, ahead) if others else admit)

    def state_while(self, work: Callable[[ClusterState], object]) -> ClusterState:
        """The state; this process does `work` on what it most likely is, while others look whether it is so.

        Almost every object of almost every repository is taken without a word: likely is that all are.
        """
        asks_webhook = self.webhook is not None and self.webhook.settings.installed is True
        if asks_webhook or not parallel.others(self.objects):
            state = self.state()
            work(state)
            return state
        admit = admission(self._server)
        asked: dict[K8sObject, K8sObject | None] = {}

        def take(obj: K8sObject, old: K8sObject | None) -> Admission:
            asked[obj] = old
            return Admission(self._server.prepare(obj))

        likely = self._with(take)
        with parallel.Ahead(parallel.others(list(asked)), _plain(admit, asked)) as ahead:
            work(likely)
            if ahead.plain_items() == asked.keys():
                return likely
            state = self._with(self._known(admit, asked, ahead))
        work(state)
        return state

    def _with(self, admit: Admit) -> ClusterState:
        return cluster_state(self.objects, self.options, admit, self.take_in, self.before, self.webhook)

    def _known(self, admit: Admit, asked: dict[K8sObject, K8sObject | None], ahead: parallel.Ahead[K8sObject]) -> Admit:
        def answer(obj: K8sObject, old: K8sObject | None) -> Admission:
            if ahead.plain(obj) and old is asked[obj]:
                return Admission(self._server.prepare(obj))
            return admit(obj, old)

        return answer


def _plain(admit: Admit, asked: dict[K8sObject, K8sObject | None]) -> Callable[[K8sObject], bool]:
    """Whether an object is taken without a word, in place of what it was asked with."""

    def is_plain(obj: K8sObject) -> bool:
        answer = admit(obj, asked[obj])
        return answer == Admission(answer.object)

    return is_plain


def admission(server: ApiServer) -> Admit:
    """The API server's answer to one object; it takes what others will make, of which too little is known."""

    def admit(obj: K8sObject, old: K8sObject | None) -> Admission:
        if obj.content_unknown:
            return Admission(server.prepare(obj))
        answer = server.admit(obj, old)
        if answer.accepted:
            return Admission(server.prepare(obj), warnings=answer.warnings, unknown=answer.unknown)
        if answer.reason == "NotFound":  # the kind is not served in this version
            return Admission(obj, tuple((message, ("apiVersion",)) for message in answer.messages))
        scrub = Scrubber((obj,))
        causes = zip(answer.problems, answer.messages, strict=True)
        return Admission(obj, tuple((scrub(message), path_of(problem.field, obj.data)) for problem, message in causes))

    return admit
