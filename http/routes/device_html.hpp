#pragma once

#include <string>
#include <string_view>

#include "http/server/route.hpp"

/// The pages of the device login (spec/auth.md §3.3, §3.4). Self-contained: no script, style or image from elsewhere;
/// what a client sent is escaped, and only the one script that carries the page's nonce may run.
/// Pure: text in, answer out.
namespace cued::http {

/// Asks for the address to which the magic link goes.
[[nodiscard]] response device_page(std::string_view code, std::string_view nonce);

/// Asks the owner of the address to confirm that the login is his; the button posts to the link itself. With
/// `asks_for_key` the form has a field `api_key` that must be filled in.
[[nodiscard]] response confirm_page(std::string_view code, std::string_view email, bool asks_for_key);

/// Says that the login was approved and takes the browser to the dashboard with the one-time token in the fragment,
/// which no server sees.
[[nodiscard]] response verified_page(std::string_view dashboard_url, std::string_view session_token,
                                     std::string_view email, std::string_view nonce);

/// Where verified_page leads: exchanges the one-time token for a session, takes it out of the address bar, and shows
/// whose account it is. The session is kept nowhere and ends with the page.
[[nodiscard]] response dashboard_page(std::string_view nonce);

/// Says why a link leads nowhere.
[[nodiscard]] response refused_page(int status, std::string_view reason);

/// Everything but unreserved characters as `%XX` (RFC 3986 §2.3): for one query value or a fragment.
[[nodiscard]] std::string percent_encoded(std::string_view text);

} // namespace cued::http
