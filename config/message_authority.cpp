#include "config/message_authority.hpp"

#include <array>

namespace cued::config {
namespace {

constexpr std::string_view module_prefix = "app.services.authorization_backend:";

/// Those that can be named; the hook is chosen by its URL.
constexpr std::array nameable{message_authority::same_tenant, message_authority::everyone,
                              message_authority::allowlist};

} // namespace

authority_choice chosen_authority(const settings& values) {
  std::string_view named = values.authorization_backend;
  if (named.starts_with(module_prefix))
    for (const auto one : nameable)
      if (named.substr(module_prefix.size()) == class_name(one))
        return {one, false};
  return {values.authz_hook_url.empty() ? message_authority::same_tenant : message_authority::hook, !named.empty()};
}

std::string_view class_name(message_authority who) {
  switch (who) {
  case message_authority::everyone:
    return "EveryoneAuthorizationBackend";
  case message_authority::allowlist:
    return "AllowlistAuthorizationBackend";
  case message_authority::hook:
    return "WebhookAuthorizationBackend";
  case message_authority::same_tenant:
    break;
  }
  return "SameTenantAuthorizationBackend";
}

} // namespace cued::config
