#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

/// What counts as an e-mail address, and the one form in which it is stored and compared (spec/auth.md §2.1).
/// No network: whether the domain exists is not asked.
namespace cued::security {

/// The address in `text`: blanks around it trimmed, the part in angle brackets of `Name <a@b.com>` taken, the domain
/// lower-cased and its punycode labels turned into Unicode, the local part kept as it is. Otherwise the reason why it
/// is none, to be put behind "value is not a valid email address: ".
[[nodiscard]] tl::expected<std::string, std::string> normalise_email(std::string_view text);

/// The part before the last `@` of an address that normalise_email returned.
[[nodiscard]] std::string_view local_part(std::string_view address);

} // namespace cued::security
