#pragma once

#include <string>
#include <string_view>

/// Numbers as text: which texts are JSON numbers, and the one spelling of each that is signed.
/// Internal to domain/json; pure functions, any thread.
namespace cued::json {

/// RFC 8259 §6: `-? (0|[1-9][0-9]*) (\.[0-9]+)? ([eE][+-]?[0-9]+)?` and nothing else.
[[nodiscard]] bool is_number(std::string_view text);

/// No point and no exponent: kept digit for digit at any length (spec/delivery.md §5.1).
/// The functions below take a text for which is_number() holds.
[[nodiscard]] bool is_integer(std::string_view text);

/// Digits of an integer, without its sign.
[[nodiscard]] std::size_t digit_count(std::string_view integer);

/// False for a non-integer whose nearest double is infinite, as `1e999` (spec/http.md §2: refused).
[[nodiscard]] bool is_finite_number(std::string_view text);

/// True for a non-integer that no double tells from zero, as `1e-20000`: what its text says beyond that is lost in
/// jsonb anyway, and Postgres refuses the more extreme ones.
[[nodiscard]] bool is_vanishing(std::string_view text);

/// Appends the signed spelling: integers as they are (`-0` is `0`), others as the shortest decimal that reads back to
/// the same double, plain for decimal exponents -4 to 15, else `d.ddde+XX`. Source: spec/delivery.md §5.1.
void append_canonical_number(std::string& out, std::string_view text);

} // namespace cued::json
