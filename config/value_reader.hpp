#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cued::config {

// How the text of a variable becomes a value; nothing means that the text is not one. Source: spec/config.md §1.

/// Decimal, blanks around it trimmed, sign and single `_` between digits allowed; `5.0` is 5.
[[nodiscard]] std::optional<int> read_integer(std::string_view text);

/// Decimal, finite.
[[nodiscard]] std::optional<double> read_number(std::string_view text);

/// Any case of `true t yes y on 1` and `false f no n off 0`; no blanks.
[[nodiscard]] std::optional<bool> read_boolean(std::string_view text);

/// Comma separated; blanks around members trimmed, empty members dropped.
[[nodiscard]] std::vector<std::string> read_list(std::string_view text);

[[nodiscard]] std::string upper_case(std::string_view text);

// Shapes that are checked at start, so that a typing error does not wait for the first request.

/// `http://` or `https://` and a host.
[[nodiscard]] bool is_web_url(std::string_view text);

/// `https://app.example:8443`: a scheme, a host, perhaps a port, and nothing else.
[[nodiscard]] bool is_web_origin(std::string_view text);

/// An IPv4 or IPv6 address, or a network in CIDR form.
[[nodiscard]] bool is_network(std::string_view text);

} // namespace cued::config
