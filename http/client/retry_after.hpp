#pragma once

#include <optional>
#include <string_view>

#include "domain/instant.hpp"

/// What a receiver asks of whoever comes again. Pure text work. Source: RFC 9110 §10.2.3, §5.6.7.
namespace cued::http::client {

/// Seconds to wait by `Retry-After`: a number, or a date. A date counts from the answer's own `Date`, since what its
/// sender means by it depends on its clock, or from `now` if there is none that can be read. A date that has passed
/// means 0; a number of any length is held at the largest int. Nothing for what is neither.
[[nodiscard]] std::optional<int> read_retry_after(std::string_view value, std::string_view date_of_answer, instant now);

/// The preferred form (`Sun, 06 Nov 1994 08:49:37 GMT`) and the two obsolete ones that recipients must read. The day of
/// the week is not checked.
[[nodiscard]] std::optional<instant> read_http_date(std::string_view text, instant now);

} // namespace cued::http::client
