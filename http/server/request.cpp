#include <boost/beast/core/string.hpp>

#include "http/server/route.hpp"

namespace cued::http {

const std::string* request::header(std::string_view name) const {
  for (const auto& [known, value] : headers)
    if (boost::beast::iequals(known, name))
      return &value;
  return nullptr;
}

const std::string* request::query_value(std::string_view name) const {
  for (auto it = query.rbegin(); it != query.rend(); ++it)
    if (it->first == name)
      return &it->second;
  return nullptr;
}

} // namespace cued::http
