#include "config/report.hpp"

#include <algorithm>

#include "config/setting_table.hpp"

namespace cued::config {

namespace {

const char* words_for(origin source) {
  switch (source) {
  case origin::flag:
    return "flag";
  case origin::environment:
    return "environment";
  case origin::dotenv_file:
    return ".env";
  case origin::default_value:
    break;
  }
  return "default";
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string default_text(const setting& row) {
  if (row.default_words)
    return row.default_words;
  const auto text = shown_text_of(row, settings{});
  return text.empty() ? "empty" : "`" + text + "`";
}

/// A bar would end the cell.
std::string cell(std::string text) {
  for (auto at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2))
    text.insert(at, 1, '\\');
  return text;
}

} // namespace

std::string describe(const loaded_settings& loaded) {
  std::size_t name_width = 0, value_width = 0;
  for (const auto& row : setting_table()) {
    name_width = std::max(name_width, std::string_view{row.name}.size());
    value_width = std::max(value_width, std::min<std::size_t>(40, shown_text_of(row, loaded.values).size()));
  }
  std::string out;
  for (const auto& row : setting_table()) {
    const auto found = loaded.origins.find(row.name);
    const auto source = found == loaded.origins.end() ? origin::default_value : found->second;
    out += padded(row.name, name_width) + "  " + padded(shown_text_of(row, loaded.values), value_width) + "  " +
           words_for(source) + "\n";
  }
  for (const auto& warning : loaded.warnings)
    out += "warning: " + warning + "\n";
  return out;
}

std::string markdown_reference() {
  std::string out = "| Variable | Type | Default | Unit | Range | Meaning |\n|---|---|---|---|---|---|\n";
  for (const auto& row : setting_table())
    out += std::string{"| `"} + row.name + "` | " + type_of(row) + " | " + cell(default_text(row)) + " | " + row.unit +
           " | " + range_of(row) + " | " + cell(row.meaning) + " |\n";
  return out;
}

std::string describe(const std::vector<problem>& problems) {
  std::string out;
  for (const auto& one : problems)
    out += one.field + " " + one.message + "\n";
  return out;
}

} // namespace cued::config
