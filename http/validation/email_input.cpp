#include "http/validation/email_input.hpp"

#include "http/validation/coercions.hpp"
#include "security/email_address.hpp"

namespace cued::http {
namespace {

std::string read(object_reader& body, std::string_view name, const json::value& sent) {
  auto text = to_text(sent);
  if (!text) {
    body.reject(name, std::move(text.error()));
    return {};
  }
  auto address = security::normalise_email(*text);
  if (!address) {
    body.reject(name, "value is not a valid email address: " + address.error());
    return {};
  }
  return std::move(*address);
}

} // namespace

std::string read_email(object_reader& body, std::string_view name) {
  if (body.is_void())
    return {};
  if (const auto* sent = body.free_value(name, null_characters::allowed))
    return read(body, name, *sent);
  if (!body.contains(name))
    body.reject(name, "Field required");
  else if (body.is_null(name))
    body.reject(name, "Input should be a valid string");
  return {};
}

std::optional<std::string> read_optional_email(object_reader& body, std::string_view name) {
  const auto* sent = body.free_value(name, null_characters::allowed);
  return sent ? std::optional{read(body, name, *sent)} : std::nullopt;
}

} // namespace cued::http
