#pragma once

#include <boost/beast/http/basic_parser.hpp>

#include "http/server/route.hpp"

namespace cued::http {

/// Reads one HTTP/1 request straight into a `request`, without a container of its own in between. Beast does the
/// grammar (strictly: no bare LF, no blank before the colon, no conflicting Content-Length); what two programs in a row
/// could understand differently is refused besides (RFC 9112 §11.2). One per request.
class message_parser final : public boost::beast::http::basic_parser<true> {
public:
  message_parser(request& into, std::size_t fields_max) : into_{into}, fields_max_{fields_max} {}

  [[nodiscard]] bool has_start_line() const { return has_start_line_; }
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }

  /// A Transfer-Encoding whose last coding is not `chunked`, or from a client of HTTP/1.0: where the body ends is
  /// unknowable (RFC 9112 §6.1, §6.3).
  [[nodiscard]] bool has_unreadable_coding() const { return has_transfer_encoding_ && (!chunked() || into_.http_1_0); }

private:
  using string_view = boost::beast::string_view;
  using error_code = boost::beast::error_code;
  using verb = boost::beast::http::verb;
  using field = boost::beast::http::field;

  void on_request_impl(verb method, string_view method_text, string_view target, int version, error_code& ec) override;
  void on_response_impl(int code, string_view reason, int version, error_code& ec) override;
  void on_field_impl(field name, string_view name_text, string_view value, error_code& ec) override;
  void on_header_impl(error_code& ec) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& content_length, error_code& ec) override;
  std::size_t on_body_impl(string_view part, error_code& ec) override;
  void on_chunk_header_impl(std::uint64_t size, string_view extensions, error_code& ec) override;
  std::size_t on_chunk_body_impl(std::uint64_t remaining, string_view part, error_code& ec) override;
  void on_finish_impl(error_code& ec) override;

  request& into_;
  std::size_t fields_max_;
  bool has_start_line_ = false;
  bool in_trailers_ = false;
  bool expects_continue_ = false;
  bool has_transfer_encoding_ = false;
  bool has_content_length_ = false;
  bool has_host_ = false;
};

} // namespace cued::http
