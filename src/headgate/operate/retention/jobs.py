"""Retention as a durable job: once an hour, and after a crash it goes on with the step that was cut off."""

from __future__ import annotations

from headgate.operate.jobs.schemas import JobContext, JobSpec, Json
from headgate.operate.retention.service import Limits, Retention

EVERY_S = 3600
STEP_TIMEOUT_S = 1800.0


async def retain(context: JobContext) -> Json:
    """Remove what is beyond the limits of the settings."""
    settings = context.services.settings
    retention = Retention(context.services, Limits(settings.retention_days, settings.retention_max_bytes))
    steps = {
        "by_age": retention.by_age,
        "by_bytes": retention.by_bytes,
        "previews": retention.previews,
        "old_jobs": retention.old_jobs,
        "old_events": retention.old_events,
        "old_responses": retention.old_responses,
    }
    done: Json = {}
    for name, work in steps.items():
        done[name] = await context.step(name, work)
        await context.progress({"done": len(done), "of": len(steps)})
    return done


RETENTION = JobSpec("retention", retain, engine="durable", every_s=EVERY_S, timeout_s=STEP_TIMEOUT_S)
JOBS = (RETENTION,)
