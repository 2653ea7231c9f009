#include "http/middleware/verify_echo.hpp"

#include <boost/beast/core/string.hpp>

#include "http/server/target.hpp"
#include "security/digest.hpp"

namespace cued::http {

namespace {

using boost::beast::http::verb;

struct echo {
  std::string json_text;
  std::string sha256;
};

echo echo_of(const std::string& body) {
  if (body.empty())
    return {"null", security::sha256_hex("")};
  if (const auto value = json::parse(body)) {
    auto canonical = json::canonical_utf8(*value);
    auto hash = security::sha256_hex(canonical);
    return {std::move(canonical), std::move(hash)};
  }
  std::string quoted;
  json::append_quoted(quoted, valid_utf8(body));
  return {std::move(quoted), security::sha256_hex(body)};
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

} // namespace

bool wants_echo(const request& in) {
  if (in.method != verb::post && in.method != verb::patch && in.method != verb::put)
    return false;
  const auto* asked = in.header("x-cueapi-verify-echo");
  return asked && boost::beast::iequals(trimmed(*asked), "true");
}

void add_echo(const request& in, response& out) {
  const bool success = out.status >= 200 && out.status < 300;
  if (!success || out.content_type != "application/json" || !out.body.starts_with('{'))
    return;
  const auto answer = json::parse(out.body);
  if (!answer || answer->kind() != json::kind::object || answer->find("body_received"))
    return;
  const auto received = echo_of(in.body);
  out.body.pop_back(); // the closing brace
  if (!answer->members().empty())
    out.body += ',';
  out.body += R"("body_received":)" + received.json_text + R"(,"body_received_sha256":")" + received.sha256 + R"("})";
}

} // namespace cued::http
