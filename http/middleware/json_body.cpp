#include "http/middleware/json_body.hpp"

#include <boost/beast/core/string.hpp>

namespace cued::http {

bool is_json_media_type(std::string_view content_type) {
  auto type = content_type.substr(0, content_type.find(';'));
  type = type.substr(0, type.find_last_not_of(" \t") + 1);
  if (boost::beast::iequals(type, "application/json"))
    return true;
  constexpr std::string_view prefix = "application/";
  constexpr std::string_view suffix = "+json";
  return type.size() > prefix.size() + suffix.size() && boost::beast::iequals(type.substr(0, prefix.size()), prefix) &&
         boost::beast::iequals(type.substr(type.size() - suffix.size()), suffix);
}

result<void> parse_json_body(request& in) {
  const auto* type = in.header("content-type");
  if (in.body.empty() || !type || !is_json_media_type(*type))
    return {};
  // A lone surrogate is a problem of the field that holds it, told together with the others (spec/http.md §2).
  auto value = json::parse(in.body, json::depth_limit_default, json::lone_surrogates::kept);
  if (!value)
    return fail(std::move(value.error()));
  in.json = std::move(*value);
  return {};
}

} // namespace cued::http
