"""Schedules looked at before they run (docs/preview-and-replay.md)."""

from datetime import datetime, timezone


def instants(answer):
    return [run["at"] for run in answer["next"]]


def test_a_cue_shows_what_it_will_do(user):
    cue = user.api.create_cue("hourly", {"type": "recurring", "cron": "0 * * * *", "timezone": "Asia/Kolkata"})
    answer = user.api.get(f"/v1/cues/{cue['id']}/next?n=3").expect(200)
    assert answer["cue_id"] == cue["id"]
    assert answer["timezone"] == "Asia/Kolkata"
    assert instants(answer)[0] == cue["next_run"]
    assert len(answer["next"]) == 3
    for run in answer["next"]:
        assert run["local"].endswith("+05:30")
        assert datetime.fromisoformat(run["local"]) == datetime.fromisoformat(run["at"])
        assert run["note"] is None


def test_a_paused_cue_shows_what_it_would_do(user):
    cue = user.api.create_cue("paused", {"type": "recurring", "cron": "0 9 * * *"})
    user.api.patch(f"/v1/cues/{cue['id']}", {"status": "paused"}).expect(200)
    assert instants(user.api.get(f"/v1/cues/{cue['id']}/next").expect(200))[0] == cue["next_run"]


def test_a_schedule_is_previewed_before_there_is_a_cue(user):
    answer = user.api.post("/v1/cues/preview", {"schedule": {"type": "recurring", "cron": "0 0 1 1 *"}, "n": 2}).expect(200)
    year = datetime.now(timezone.utc).year
    assert instants(answer) == [f"{year + 1}-01-01T00:00:00Z", f"{year + 2}-01-01T00:00:00Z"]
    assert user.api.get("/v1/cues").expect(200)["total"] == 0


def test_a_preview_tells_what_the_change_of_clocks_does(user):
    schedule = {"type": "recurring", "cron": "30 2 * 3,10 0", "timezone": "Europe/Berlin"}
    answer = user.api.post("/v1/cues/preview", {"schedule": schedule, "n": 40}).expect(200)
    notes = [run["note"] for run in answer["next"] if run["note"]]
    assert any("does not exist" in note for note in notes)
    assert any("comes twice" in note for note in notes)


def test_a_schedule_that_could_not_be_created_cannot_be_previewed(user):
    for schedule, status, code in (
        ({"type": "recurring", "cron": "61 * * * *"}, 400, "invalid_schedule"),
        ({"type": "once", "at": "2020-01-01T00:00:00Z"}, 400, "invalid_schedule"),
        ({"type": "recurring", "cron": "0 9 * * *", "timezone": "Mars/Phobos"}, 422, "invalid_timezone"),
    ):
        refused = user.api.post("/v1/cues/preview", {"schedule": schedule})
        assert (refused.status, refused.code) == (status, code)


def test_an_unknown_cue_has_no_preview(user):
    assert user.api.get("/v1/cues/cue_unknown/next").code == "cue_not_found"
