"""The bodies of the engine's jobs: a service task, a timer, and what a dead one means."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from dataclasses import asdict
from typing import Any

from apps.core.failpoints import declare, failpoint
from apps.core.http import OutsideError, PermanentError
from apps.jobs.registry import JobContext
from apps.workflows import registry, selectors
from apps.workflows.engine import expressions, machine
from apps.workflows.engine.machine import Token
from apps.workflows.engine.process import Node
from apps.workflows.models import ProcessInstance, Task
from apps.workflows.registry import BpmnError, StepContext, StepResult
from apps.workflows.services import breaking, stepping

declare("workflows.before_action", "workflows.after_action", "workflows.before_commit", "workflows.after_commit", "workflows.error_caught",
        "workflows.timer_fired")


def perform_step(job: JobContext) -> None:
    """Do a service task once, then move its token on, in the transaction that ends the job. What failed is raised for the job table."""
    payload = job.payload
    instance = ProcessInstance.objects.select_related("definition").filter(pk=payload["instance_id"]).first()
    token = _waiting(instance, payload)
    if instance is None or token is None:
        return  # the case went another way: there is nothing to do any more
    node = stepping.process_of(instance.definition).nodes[token.node]
    failpoint("workflows.before_action")
    began = time.monotonic()
    try:
        result = _result(registry.SERVICE_TASKS[node.topic](_context(job, instance, node)))
        outputs = _outputs(node, instance, result)
    except BpmnError as error:
        _deal_with(job, instance, token, node, error)
        return
    except expressions.ExpressionError as error:
        raise PermanentError(str(error), system="oa", code="mapping") from error
    failpoint("workflows.after_action")
    took = int((time.monotonic() - began) * 1000)
    with job.commit():
        _go_on(job, instance.pk, token, node, result, outputs, took)
        failpoint("workflows.before_commit")
    failpoint("workflows.after_commit")


def _waiting(instance: ProcessInstance | None, payload: dict[str, Any]) -> Token | None:
    """The token that this job is for, if it still waits there."""
    if instance is None or not instance.is_active:
        return None
    try:
        token = machine.from_json(instance.tokens).token(payload["token"])
    except machine.UnknownToken:
        return None
    return token if token.node == payload["node"] and token.iteration == payload["iteration"] else None


def _context(job: JobContext, instance: ProcessInstance, node: Node) -> StepContext:
    snapshot = selectors.latest_decision(instance.pk)
    decision = selectors.decision_of(snapshot) if snapshot else None
    inputs = {target: expressions.evaluate(source, instance.variables) for target, source in node.inputs.items()}
    return StepContext(
        instance_id=instance.pk, business_key=instance.business_key, variables=dict(instance.variables), key=job.key, node=node.id,
        attempt=job.attempt, decided_by=decision.decided_by if decision else "", now=job.now, headers=dict(node.headers), inputs=inputs,
        decision=decision)


def _result(answer: StepResult | dict[str, Any] | None) -> StepResult:
    return answer if isinstance(answer, StepResult) else StepResult(variables=answer or {})


def _outputs(node: Node, instance: ProcessInstance, result: StepResult) -> dict[str, Any]:
    """The variables a step leaves: what its output mappings name, or everything it answered."""
    if not node.outputs:
        return dict(result.variables)
    known = {**instance.variables, **result.variables}
    return {target: expressions.evaluate(source, known) for target, source in node.outputs.items()}


def _go_on(job: JobContext, instance_id: uuid.UUID, token: Token, node: Node, result: StepResult, outputs: dict[str, Any], took: int) -> None:
    with stepping.step(instance_id, job.now) as step:
        if step.token(token.id, token.node) is None:
            step.log("step.late", node=node, token=token, system=stepping.system_of(node), data={"key": job.key})
            return
        step.set_variables(outputs)
        step.log("step.completed", node=node, token=token, ms=took, system=stepping.system_of(node), text=result.text,
                 params=dict(result.params), refs=[asdict(ref) for ref in result.refs], data={"key": job.key, "attempt": job.attempt})
        step.move(lambda moving: moving.complete(token.id))


def _deal_with(job: JobContext, instance: ProcessInstance, token: Token, node: Node, error: BpmnError) -> None:
    """The process file's own error way; without one the job dies and an incident opens."""
    events = [stepping.process_of(instance.definition).nodes[key] for key in node.boundaries]
    if not any(event.kind == "boundary_error" and event.error in ("", error.code) for event in events):
        raise PermanentError(error.message, system=stepping.system_of(node), code=error.code) from error
    with job.commit(), stepping.step(instance.pk, job.now) as step:
        if step.token(token.id, token.node) is not None:
            step.set_variables(error.variables)
            step.log("step.refused", node=node, token=token, system=stepping.system_of(node), text=error.message,
                     data={"code": error.code, "key": job.key})
            step.move(lambda moving: moving.error(token.id, error.code))
        failpoint("workflows.error_caught")


def fire_timer(job: JobContext) -> None:
    """A timer is due. A decision inside its undo window is not interrupted by it: it comes back when the window is over."""
    payload = job.payload
    with job.commit(), stepping.step(payload["instance_id"], job.now) as step:
        token = step.token(payload["token"], payload["node"])
        if not step.instance.is_active or token is None or token.iteration != payload["iteration"]:
            return
        event = step.process.nodes[payload["event"]]
        if event.interrupting and _in_undo_window(step, token):
            step.set_timer(token, event, int(payload["turn"]) + 1, run_at=_window_end(step, token))
            return
        step.log("timer.fired", node=event, token=token, data={"turn": payload["turn"]})
        if event.id == token.node:
            step.move(lambda moving: moving.complete(token.id))
        else:
            step.reason = event.name
            _repeat(step, token, event, int(payload["turn"]))
            step.move(lambda moving: moving.boundary(token.id, event.id))
        failpoint("workflows.timer_fired")


def _repeat(step: stepping.Step, token: Token, event: Node, turn: int) -> None:
    if turn < stepping.turns(event):
        step.set_timer(token, event, turn + 1)


def _decided(step: stepping.Step, token: Token) -> Task | None:
    return Task.objects.filter(
        instance=step.instance, token=token.id, node=token.node, iteration=token.iteration, state=Task.State.DECIDED).first()


def _in_undo_window(step: stepping.Step, token: Token) -> bool:
    return _decided(step, token) is not None


def _window_end(step: stepping.Step, token: Token) -> dt.datetime | None:
    task = _decided(step, token)
    return task.effective_at if task else None


def job_died(job: Any, error: Exception, now: dt.datetime) -> None:
    """Called in the transaction that marks a job of the engine dead: its token is held by an incident that names the step."""
    payload = job.payload
    with stepping.step(payload["instance_id"], now) as step:
        if not step.instance.is_active:
            return
        token_id, node_id = _place(payload)
        token = step.token(token_id)
        if token is None:
            return
        node = step.process.nodes.get(node_id)
        message = error.message if isinstance(error, OutsideError) else f"{type(error).__name__}: {error}"
        system = (error.system if isinstance(error, OutsideError) else "") or (stepping.system_of(node) if node else "")
        breaking.open_incident(step.instance, now, kind="workflows.step_failed", message=message, node=node_id, token=token_id,
                               system=system, job_id=job.pk, job_key=job.key)


def _place(payload: dict[str, Any]) -> tuple[str, str]:
    """(token, node) that a job of the engine is for."""
    if "decision_id" in payload:
        token, node = Task.objects.filter(decisions=payload["decision_id"]).values_list("token", "node").get()
        return token, node
    return payload["token"], payload["node"]
