#pragma once

#include <string_view>

#include "config/settings.hpp"

namespace cued::config {

/// Who decides whether one account may write to another, as AUTHORIZATION_BACKEND and AUTHZ_HOOK_URL choose it.
/// Plain values, any thread. Source: spec/auth.md §6.
enum class message_authority {
  same_tenant, ///< nobody may; the default
  everyone,    ///< everybody may
  allowlist,   ///< the pairs of AUTHZ_ALLOWLIST may
  hook,        ///< AUTHZ_HOOK_URL is asked
};

struct authority_choice {
  message_authority who = message_authority::same_tenant;
  /// AUTHORIZATION_BACKEND names something that is no part of cued. The reference loads code of the operator's; where
  /// that fails it goes on as if nothing were named, and so do we, always.
  bool not_loadable = false;
};

[[nodiscard]] authority_choice chosen_authority(const settings& values);

/// The name of the reference's class, as AUTHORIZATION_BACKEND names it after the colon and /v1/info shows it.
[[nodiscard]] std::string_view class_name(message_authority who);

} // namespace cued::config
