#include "http/routes/notes.hpp"

/// Sessions and the device login (spec/auth.md §2.5, §3).
namespace cued::http::notes {
namespace {

const schema session = named("Session", {{"session_token", text()}, {"email", text()}});
const schema device_code = text(6, 128).meaning("Chosen by the client");

schema page() { return text(); }
constexpr std::string_view html = "text/html";

std::vector<parameter_note> link_parameters() { return {{"token", text(), true}, {"device_code", text(), true}}; }

} // namespace

const operation_notes open_session{
    .body = object({{"token", text()}}),
    .answers = {{200, ref(session)}},
    .refusals = {{401, "invalid_token"}, {401, "user_not_found"}, {503, "session_unavailable"}}};

const operation_notes refresh_session{.answers = {{200, ref(session)}}, .refusals = {{503, "session_unavailable"}}};

const operation_notes start_device_login{
    .body = object({{"device_code", device_code}}),
    .answers = {{201, object({{"verification_url", text()}, {"expires_in", integer(0)}})}},
    .refusals = {{400, "invalid_device_code"}, {409, "device_code_exists"}}};

const operation_notes submit_device_email{.body = object({{"device_code", text()}, {"email", text_like("email")}}),
                                          .answers = {{200, object({{"status", one_of({"email_sent"})}})}},
                                          .refusals = {{400, "device_code_expired"},
                                                       {400, "invalid_status"},
                                                       {404, "device_code_not_found"},
                                                       {503, "email_unavailable"}}};

const operation_notes poll_device_code{
    .body = object({{"device_code", text()}}),
    .answers = {{200, object({{"status", one_of({"pending", "email_sent", "approved", "expired", "claimed"})},
                              maybe("api_key", text()),
                              maybe("email", text()),
                              maybe("session_token", text()),
                              maybe("existing_user", boolean())})}},
    .description = "`approved` is told once, with what belongs to it; afterwards the code is `claimed`."};

const operation_notes follow_magic_link{.query = link_parameters(),
                                        .answers = {{200, page(), html}, {400, page(), html}}};

const operation_notes confirm_magic_link{.query = link_parameters(),
                                         .answers = {{200, page(), html}, {400, page(), html}},
                                         .refusals = {{429, "rate_limit_exceeded"}}};

const operation_notes show_device_page{.query = {{"code", text(), true}},
                                       .answers = {{200, page(), html}, {400, page(), html}}};

const operation_notes show_dashboard{.answers = {{200, page(), html}}};

} // namespace cued::http::notes
