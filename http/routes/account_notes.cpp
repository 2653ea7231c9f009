#include "http/routes/notes.hpp"

/// Accounts, their keys and secrets (spec/auth.md §2, §5).
namespace cued::http::notes {
namespace {

constexpr int days_at_most = 3650;
constexpr int longest_overlap_seconds = 604'800;

const schema scope = one_of({"full", "read_only", "worker"});

const schema account = named("Account", {{"email", text()},
                                         {"plan", text()},
                                         {"active_cues", integer(0)},
                                         {"active_cue_limit", integer()},
                                         {"executions_this_month", integer(0)},
                                         {"monthly_execution_limit", integer()},
                                         {"rate_limit_per_minute", integer()},
                                         {"has_webhook_secret", boolean()},
                                         {"api_key_prefix", text()},
                                         {"slug", text().or_null()}});

std::vector<schema_member> key_members() {
  return {{"id", uuid()},
          {"name", text()},
          {"scope", scope},
          {"prefix", text().meaning("How the key begins")},
          {"created_at", instant_out()},
          {"last_used_at", instant_out().or_null()},
          {"expires_at", instant_out().or_null()},
          {"revoked_at", instant_out().or_null()}};
}

std::vector<schema_member> shown_key_members(std::vector<schema_member> more = {}) {
  auto out = key_members();
  out.insert(out.begin(), {"api_key", text().meaning("Shown this once")});
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

const schema api_key = named("ApiKey", key_members());

const schema audit_record = named("AuditRecord", {{"id", integer(1)},
                                                  {"occurred_at", instant_out()},
                                                  {"action", text()},
                                                  {"actor", text()},
                                                  {"key_id", text().or_null()},
                                                  {"key_name", text().or_null()},
                                                  {"client_address", text().or_null()},
                                                  {"request_id", text().or_null()},
                                                  {"details", anything()}});

parameter_note overlap() {
  return {"overlap_seconds",
          integer(0, longest_overlap_seconds).meaning("How long the old secret signs as well; 0 unless given")};
}

schema new_secret(std::string_view member) {
  return object(
      {{member, text()}, {"previous_secret_revoked", boolean()}, maybe("previous_secret_valid_until", instant_out())});
}

constexpr std::int64_t int_max = 2'147'483'647;

schema limit_in() { return integer(0, int_max).or_null(); }

} // namespace

const operation_notes register_account{
    .body = object({{"email", text_like("email")}}),
    .answers = {{201, object({{"api_key", text().meaning("Shown this once")}, {"email", text()}})}},
    .refusals = {{404, "not_found"}, {409, "duplicate_email"}},
    .description = "404 where the operator switched registration off."};

const operation_notes show_account{.answers = {{200, ref(account)}}};

const operation_notes change_account{
    .body = object({maybe("email", text_like("email").or_null()),
                    maybe("alert_webhook_url", text(0, 2048).or_null().meaning("Empty to send no alerts"))}),
    .answers = {{200, object({{"updated_at", instant_out()}})}},
    .refusals = {{400, "invalid_alert_webhook_url"}, {409, "duplicate_email"}, {422, "no_fields"}}};

const operation_notes show_key{
    .answers = {{200, object({{"api_key", text().or_null()}, maybe("prefix", text()), maybe("message", text())})}},
    .description = "Null, with a reason, where only the hash of the key is stored."};

const operation_notes regenerate_key{
    .headers = {confirmation_header()},
    .answers = {{200, object({{"api_key", text()}, {"previous_key_revoked", boolean()}})}},
    .refusals = {unconfirmed, {409, "key_already_rotated"}}};

const operation_notes show_webhook_secret{.answers = {{200, object({{"webhook_secret", text()}})}},
                                          .refusals = {{404, "no_webhook_secret"}}};

const operation_notes regenerate_webhook_secret{.query = {overlap()},
                                                .headers = {confirmation_header()},
                                                .answers = {{200, new_secret("webhook_secret")}},
                                                .refusals = {unconfirmed}};

const operation_notes show_alert_webhook_secret{.answers = {{200, object({{"alert_webhook_secret", text()}})}}};

const operation_notes regenerate_alert_webhook_secret{.query = {overlap()},
                                                      .headers = {confirmation_header()},
                                                      .answers = {{200, new_secret("alert_webhook_secret")}},
                                                      .refusals = {unconfirmed}};

const operation_notes list_api_keys{
    .answers = {{200, object({{"keys", list_of(ref(api_key))}, {"account_key", object({{"prefix", text()}})}})}}};

const operation_notes create_api_key{
    .body = object({{"name", text(1, 64)},
                    {"scope", scope},
                    maybe("expires_in_days", integer(1, days_at_most).or_null()),
                    maybe("expires_at", moment_in().or_null())}),
    .answers = {{201, named("NewApiKey", shown_key_members())}},
    .refusals = {{409, "duplicate_key_name"}, {409, "key_limit_reached"}},
    .description = "A name needs more than blanks; give expires_in_days or expires_at, not both."};

const operation_notes rotate_api_key{
    .headers = {confirmation_header()},
    .answers = {{200, named("RotatedApiKey", shown_key_members({{"previous_key_revoked", boolean()}}))}},
    .refusals = {unconfirmed, {404, "key_not_found"}}};

const operation_notes revoke_api_key{.answers = {{204, {}, ""}}, .refusals = {{404, "key_not_found"}}};

const operation_notes show_audit_log{
    .query = {{"limit", integer(1, 100).meaning("Records of a page; 50 unless given")},
              {"before", integer(1).meaning("The `next_before` of the page before this one")}},
    .answers = {{200, object({{"records", list_of(ref(audit_record))}, {"next_before", integer(1).or_null()}})}}};

const operation_notes put_internal_user{
    .body = object({{"email", text_like("email")},
                    {"slug", text(1, 64)},
                    maybe("plan", text(0, 20).or_null()),
                    maybe("active_cue_limit", limit_in()),
                    maybe("monthly_execution_limit", limit_in()),
                    maybe("monthly_message_limit", limit_in()),
                    maybe("rate_limit_per_minute", limit_in()),
                    maybe("external_owner", text(0, 64).or_null())}),
    .answers = {{200, named("ExternalAccount", {{"id", uuid()},
                                                {"email", text()},
                                                {"slug", text()},
                                                {"plan", text()},
                                                {"active_cue_limit", integer(0)},
                                                {"monthly_execution_limit", integer(0)},
                                                {"monthly_message_limit", integer(0)},
                                                {"rate_limit_per_minute", integer(0)},
                                                {"created", boolean()}})}},
    .refusals = {{400, "invalid_user_id"},
                 {401, "invalid_internal_token"},
                 {404, "http_error"},
                 {409, "duplicate_email"},
                 {409, "duplicate_slug"},
                 {429, "rate_limit_exceeded"}},
    .description = "For the internal token only, sent as `Authorization: Bearer`; 404 without EXTERNAL_AUTH_BACKEND."};

} // namespace cued::http::notes
