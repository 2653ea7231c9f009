#pragma once

#include <string>

#include "http/server/route.hpp"
#include "persistence/audit_log.hpp"

namespace cued::http {

/// What the audit log is told of the act that this request asks for: who, with which key, from where. `details` is JSON
/// text and never holds a secret. Pure, any thread.
[[nodiscard]] persistence::audit_entry audited(const request& in, persistence::audit_action action,
                                               std::string details = {});

/// The same for a step of a device login, which nobody is logged in for yet.
[[nodiscard]] persistence::audit_entry audited_login(const request& in, persistence::audit_action action,
                                                     std::string details = {});

} // namespace cued::http
