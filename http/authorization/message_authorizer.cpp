#include "http/authorization/message_authorizer.hpp"

#include <spdlog/spdlog.h>

#include "config/message_authority.hpp"
#include "http/authorization/decision_cache.hpp"
#include "http/authorization/hook_authorizer.hpp"
#include "http/authorization/settled_authorizers.hpp"

namespace cued::http {
namespace {

using config::message_authority;

security::message_allowlist read_allowlist(const std::string& text) {
  security::message_allowlist out{text};
  for (const auto& entry : out.skipped())
    spdlog::warn("AUTHZ_ALLOWLIST: '{}' is not sender:recipient and allows nothing", entry);
  return out;
}

std::unique_ptr<decision_cache> cache_over(const time_source& clock, persistence::shared_keys* shared) {
  if (shared != nullptr)
    return std::make_unique<shared_decision_cache>(*shared);
  return std::make_unique<local_decision_cache>(clock);
}

} // namespace

std::unique_ptr<message_authorizer> make_message_authorizer(const config::settings& settings,
                                                            actors::webhook_sender& sender, const time_source& clock,
                                                            persistence::shared_keys* shared) {
  const auto choice = config::chosen_authority(settings);
  if (choice.not_loadable)
    spdlog::error("AUTHORIZATION_BACKEND={} is no part of cued and cannot be loaded; {} decides",
                  settings.authorization_backend, config::class_name(choice.who));
  switch (choice.who) {
  case message_authority::everyone:
    return std::make_unique<everyone_authorizer>();
  case message_authority::allowlist:
    return std::make_unique<allowlist_authorizer>(read_allowlist(settings.authz_allowlist));
  case message_authority::hook:
    return std::make_unique<hook_authorizer>(hook_address{settings.authz_hook_url, settings.authz_hook_secret}, sender,
                                             clock, cache_over(clock, shared));
  case message_authority::same_tenant:
    break;
  }
  return std::make_unique<same_tenant_authorizer>();
}

} // namespace cued::http
