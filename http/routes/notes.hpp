#pragma once

#include "http/routes/openapi.hpp"

/// The notes of all routes, by the name of their handler. Each resource's are in http/routes/<resource>_notes.cpp.
namespace cued::http::notes {

// -- account_notes.cpp ----------------------------------------------------
extern const operation_notes register_account, show_account, change_account, show_key, regenerate_key,
    show_webhook_secret, regenerate_webhook_secret, show_alert_webhook_secret, regenerate_alert_webhook_secret,
    list_api_keys, create_api_key, rotate_api_key, revoke_api_key, show_audit_log, put_internal_user;

// -- login_notes.cpp ------------------------------------------------------
extern const operation_notes open_session, refresh_session, start_device_login, submit_device_email, poll_device_code,
    follow_magic_link, confirm_magic_link, show_device_page, show_dashboard;

// -- cue_notes.cpp --------------------------------------------------------
extern const operation_notes list_cues, create_cue, get_cue, patch_cue, delete_cue, fire_cue, preview_cue,
    preview_schedule, bulk_delete_cues;

// -- execution_notes.cpp --------------------------------------------------
extern const schema execution;
extern const operation_notes list_executions, list_claimable, claim_next_execution, replay_executions, get_execution,
    claim_execution, heartbeat_execution, report_outcome, replay_execution, verify_execution, park_execution,
    add_execution_evidence, live_claim_execution, claim_executions, report_outcomes;

// -- status_notes.cpp -----------------------------------------------------
extern const operation_notes show_health, show_status, show_metrics, show_info, leave_echo, fetch_echo, show_openapi,
    show_docs, worker_heartbeat, list_workers, delete_worker, show_usage, list_alerts;

} // namespace cued::http::notes
