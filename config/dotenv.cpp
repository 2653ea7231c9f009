#include "config/dotenv.hpp"

#include <algorithm>

namespace cued::config {

namespace {

using lookup = std::function<std::optional<std::string>(const std::string&)>;

constexpr std::string_view line_ends = "\r\n";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f'; }
bool is_line_end(char c) { return c == '\r' || c == '\n'; }

/// Walks over the text; each member reads one piece of the grammar and says whether it was there.
class dotenv_parser {
public:
  dotenv_parser(std::string_view text, const lookup& environment) : text_{text}, environment_{environment} {
    if (text_.starts_with(byte_order_mark))
      at_ = byte_order_mark.size();
  }

  dotenv_file parse() {
    while (skip_to_statement()) {
      const auto start = at_;
      if (!statement()) {
        out_.lines_not_understood.push_back(
            1 + static_cast<int>(std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(start), '\n')));
        at_ = std::min(text_.find_first_of(line_ends, start), text_.size());
      }
    }
    return std::move(out_);
  }

private:
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\n'; }

  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_]))
      ++at_;
  }

  bool skip_to_statement() {
    while (at_ < text_.size() && (is_blank(text_[at_]) || is_line_end(text_[at_])))
      ++at_;
    return at_ < text_.size();
  }

  bool statement() {
    if (peek() == '#')
      return rest_is_empty();
    constexpr std::string_view keyword = "export";
    if (text_.substr(at_).starts_with(keyword) && at_ + keyword.size() < text_.size() &&
        is_blank(text_[at_ + keyword.size()])) {
      at_ += keyword.size();
      skip_blanks();
    }
    std::string name;
    if (!read_name(name))
      return false;
    skip_blanks();
    if (peek() != '=')
      return rest_is_empty();
    ++at_;
    skip_blanks();
    std::string value;
    if (!read_value(value) || value.size() > dotenv_value_bytes_max || !rest_is_empty())
      return false;
    out_.values.emplace_back(std::move(name), std::move(value));
    return true;
  }

  /// Only blanks and a comment up to the end of the line.
  bool rest_is_empty() {
    skip_blanks();
    if (peek() == '#')
      at_ = std::min(text_.find_first_of(line_ends, at_), text_.size());
    return is_line_end(peek());
  }

  bool read_name(std::string& name) {
    if (peek() == '\'')
      return read_quoted('\'', "", name) && !name.empty();
    while (at_ < text_.size() && !is_blank(text_[at_]) && !is_line_end(text_[at_]) && text_[at_] != '=' &&
           text_[at_] != '#')
      name += text_[at_++];
    return !name.empty();
  }

  bool read_value(std::string& value) {
    if (peek() == '\'')
      return read_quoted('\'', "\\'", value);
    if (peek() == '"') {
      if (!read_quoted('"', "\\'\"abfnrtv", value))
        return false;
      value = expanded(value);
      return true;
    }
    const auto end = std::min(text_.find_first_of(line_ends, at_), text_.size());
    auto raw = text_.substr(at_, end - at_);
    for (std::size_t i = 1; i < raw.size(); ++i)
      if (raw[i] == '#' && is_blank(raw[i - 1]))
        raw = raw.substr(0, i);
    while (!raw.empty() && is_blank(raw.back()))
      raw.remove_suffix(1);
    if (raw.starts_with('#'))
      raw = {};
    value = expanded(raw);
    at_ = end;
    return true;
  }

  bool read_quoted(char quote, std::string_view escapes, std::string& value) {
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == quote) {
        ++at_;
        return true;
      }
      const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
      if (c == '\\' && next != '\0' && escapes.find(next) != std::string_view::npos) {
        value += unescaped(next);
        ++at_;
      } else {
        value += c;
      }
    }
    return false;
  }

  static char unescaped(char c) {
    constexpr std::string_view letters = "abfnrtv";
    constexpr std::string_view meanings = "\a\b\f\n\r\t\v";
    const auto found = letters.find(c);
    return found == std::string_view::npos ? c : meanings[found];
  }

  [[nodiscard]] std::string expanded(std::string_view raw) const {
    std::string out;
    for (;;) {
      const auto open = raw.find("${");
      const auto close = open == std::string_view::npos ? open : raw.find('}', open);
      if (close == std::string_view::npos)
        return out += raw;
      if (out.size() > dotenv_value_bytes_max) // is refused anyway; a few lines of `A=${A}${A}` would fill the memory
        return out;
      out += raw.substr(0, open);
      const auto inside = raw.substr(open + 2, close - open - 2);
      const auto colon = inside.find(":-");
      const auto fallback = colon == std::string_view::npos ? std::string_view{} : inside.substr(colon + 2);
      out += value_of(std::string{inside.substr(0, colon)}).value_or(std::string{fallback});
      raw.remove_prefix(close + 1);
    }
  }

  [[nodiscard]] std::optional<std::string> value_of(const std::string& name) const {
    const auto earlier =
        std::find_if(out_.values.rbegin(), out_.values.rend(), [&](const auto& entry) { return entry.first == name; });
    return earlier != out_.values.rend() ? earlier->second : environment_(name);
  }

  std::string_view text_;
  const lookup& environment_;
  std::size_t at_ = 0;
  dotenv_file out_;
};

} // namespace

dotenv_file parse_dotenv(std::string_view text, const lookup& environment) {
  return dotenv_parser{text, environment}.parse();
}

} // namespace cued::config
