#pragma once

#include <string_view>

/// What a user may put into the head of a request that we send. Used when such headers are stored and again when they
/// are sent, so that rows written by others cannot split a request in two. Pure functions, any thread.
/// Source: spec/delivery.md §5.3, RFC 9110 §5.1, §5.5.
namespace cued::security {

/// True if name and value can be sent as they are: the name is a token, the value is visible ASCII, blanks and tabs
/// without blanks at its ends. No CR, LF or U+0000 passes.
[[nodiscard]] bool is_sendable_header(std::string_view name, std::string_view value);

/// True for the headers that frame a message (`Content-Length`, `Transfer-Encoding`, `Connection`, `Host`, ...), in any
/// letter case. Only the sender itself sets them.
[[nodiscard]] bool is_framing_header(std::string_view name);

/// True for headers that users may not set: the framing ones and those of both signatures, also where a message has
/// none of them (a forged `X-CueAPI-Signature-Previous` must not pass for ours).
[[nodiscard]] bool is_reserved_header(std::string_view name);

} // namespace cued::security
