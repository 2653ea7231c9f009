#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "security/url.hpp"

/// The host part of url.cpp. Internal to security/.
namespace cued::security {

/// A host as it stands in a URL, brackets included, to its one form (`url::host`). Empty hosts are not its business.
[[nodiscard]] tl::expected<std::string, url_fault> normalise_host(std::string_view text);

} // namespace cued::security
