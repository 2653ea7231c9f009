#include "http/server/message_parser.hpp"

#include <algorithm>
#include <utility>

#include <boost/beast/core/string.hpp>

namespace cued::http {

using parse_error = boost::beast::http::error;

namespace {

constexpr std::size_t headers_expected = 16;
constexpr std::uint64_t body_reserved_bytes_max = 64 * 1024; // a length that is only claimed gets no more than this

} // namespace

void message_parser::on_request_impl(verb method, string_view, string_view target, int version, error_code& ec) {
  has_start_line_ = true;
  into_.method = method;
  into_.target.assign(target.data(), target.size());
  into_.http_1_0 = version == 10;
  into_.headers.reserve(headers_expected);
  ec = {};
}

void message_parser::on_response_impl(int, string_view, int, error_code& ec) { ec = {}; }

void message_parser::on_field_impl(field name, string_view name_text, string_view value, error_code& ec) {
  ec = {};
  if (in_trailers_)
    return;
  if (name == field::expect && boost::beast::iequals(value, "100-continue"))
    expects_continue_ = !into_.http_1_0;
  if (into_.headers.size() >= fields_max_)
    ec = parse_error::header_limit;
  if (name == field::transfer_encoding && std::exchange(has_transfer_encoding_, true))
    ec = parse_error::bad_transfer_encoding;
  // Beast takes `2, 2` for 2.
  if (name == field::content_length && (std::exchange(has_content_length_, true) || value.find(',') != value.npos))
    ec = parse_error::multiple_content_length;
  if (name == field::host && std::exchange(has_host_, true))
    ec = parse_error::bad_field; // RFC 9112 §3.2
  if (ec)
    return;
  into_.headers.emplace_back(std::string{name_text.data(), name_text.size()}, std::string{value.data(), value.size()});
}

void message_parser::on_header_impl(error_code& ec) {
  in_trailers_ = true;
  ec = {};
}

void message_parser::on_body_init_impl(const boost::optional<std::uint64_t>& content_length, error_code& ec) {
  if (content_length)
    into_.body.reserve(static_cast<std::size_t>(std::min(*content_length, body_reserved_bytes_max)));
  ec = {};
}

std::size_t message_parser::on_body_impl(string_view part, error_code& ec) {
  into_.body.append(part.data(), part.size());
  ec = {};
  return part.size();
}

void message_parser::on_chunk_header_impl(std::uint64_t, string_view, error_code& ec) { ec = {}; }

std::size_t message_parser::on_chunk_body_impl(std::uint64_t, string_view part, error_code& ec) {
  return on_body_impl(part, ec);
}

void message_parser::on_finish_impl(error_code& ec) { ec = {}; }

} // namespace cued::http
