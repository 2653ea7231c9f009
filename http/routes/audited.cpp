#include "http/routes/audited.hpp"

namespace cued::http {
namespace {

std::string actor_of(caller_kind kind) {
  switch (kind) {
  case caller_kind::none:
    return "anonymous";
  case caller_kind::api_key:
    return "api_key";
  case caller_kind::session:
    return "session";
  case caller_kind::internal:
    return "internal";
  }
  return "anonymous";
}

std::optional<std::string> unless_empty(std::string text) {
  return text.empty() ? std::nullopt : std::optional{std::move(text)};
}

} // namespace

persistence::audit_entry audited(const request& in, persistence::audit_action action, std::string details) {
  return {action,
          actor_of(in.called_by),
          unless_empty(in.caller.key_id),
          unless_empty(in.client_address),
          unless_empty(in.id),
          unless_empty(std::move(details))};
}

persistence::audit_entry audited_login(const request& in, persistence::audit_action action, std::string details) {
  auto entry = audited(in, action, std::move(details));
  entry.actor = "device";
  return entry;
}

} // namespace cued::http
