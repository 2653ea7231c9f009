#pragma once

#include <map>
#include <string>
#include <string_view>

#include "domain/json/value.hpp"
#include "http/routes/openapi.hpp"

namespace cued::http {

/// Writes schemas as JSON Schema, and remembers which named ones were met, so that all of them end up under
/// `components` and no reference leads nowhere.
class schema_writer {
public:
  void write(json::writer& w, const schema& s);

  /// The members of `components/schemas`, into an object that is open; also what only those refer to.
  void write_components(json::writer& w);

private:
  void write_inline(json::writer& w, const schema& s);
  void write_value(json::writer& w, const schema& s);
  void write_text_rules(json::writer& w, const schema& s);
  void write_members(json::writer& w, const schema& s);

  std::map<std::string_view, const schema*> met_;
};

} // namespace cued::http
