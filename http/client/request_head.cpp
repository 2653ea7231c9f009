#include "http/client/request_head.hpp"

#include <algorithm>

#include <boost/algorithm/string/predicate.hpp>

#include "security/sendable_header.hpp"

namespace cued::http::client {

namespace {

bool has_header(const actors::webhook_request& request, std::string_view name) {
  return std::ranges::any_of(request.headers, [&](const auto& header) { return boost::iequals(header.first, name); });
}

void append_header(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

} // namespace

bool sends_body(const actors::webhook_request& request) { return request.method != "GET"; }

result<std::string> request_head(const actors::webhook_request& request, std::string_view authority,
                                 std::string_view path_and_query) {
  if (!security::is_sendable_header(request.method, ""))
    return fail(400, "unsendable_request", "The method cannot be sent");
  for (const auto& [name, value] : request.headers)
    if (!security::is_sendable_header(name, value))
      return fail(400, "unsendable_request", "A header cannot be sent: its name or value is not valid");

  std::string head;
  head.reserve(1024);
  head.append(request.method).append(" ").append(path_and_query).append(" HTTP/1.1\r\n");
  append_header(head, "Host", authority);
  if (!has_header(request, "Accept"))
    append_header(head, "Accept", "*/*");
  if (!has_header(request, "Accept-Encoding"))
    append_header(head, "Accept-Encoding", "gzip, deflate");
  append_header(head, "Connection", "keep-alive");
  for (const auto& [name, value] : request.headers)
    if (!security::is_framing_header(name))
      append_header(head, name, value);
  if (sends_body(request))
    append_header(head, "Content-Length", std::to_string(request.body.size()));
  head.append("\r\n");
  return head;
}

} // namespace cued::http::client
