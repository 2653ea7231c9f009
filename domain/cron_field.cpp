#include "domain/cron_field.hpp"

#include <algorithm>

namespace cued::cron {

namespace {

using value_set = field_reader::value_set;

constexpr std::array<std::string_view, 12> month_names{"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> day_names{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

constexpr std::array<field_kind, field_count_max> kinds{{
    {"minute", 0, 59, nullptr},
    {"hour", 0, 23, nullptr},
    {"day of month", 1, 31, nullptr},
    {"month", 1, 12, month_names.data()},
    {"day of week", 0, 6, day_names.data()},
    {"second", 0, 59, nullptr},
    {"year", cron_year_first, cron_year_last, nullptr},
}};

/// Larger numbers mean the same as this one everywhere: out of every range, a step over all values.
constexpr int number_limit = 10000;
/// A random day of month is drawn from those that every month has.
constexpr int common_days_of_month = 28;
constexpr int occurrences_max = 5;

std::optional<int> to_number(std::string_view word) {
  if (word.empty())
    return std::nullopt;
  int value = 0;
  for (const char c : word) {
    if (c < '0' || c > '9')
      return std::nullopt;
    value = std::min(value * 10 + (c - '0'), number_limit);
  }
  return value;
}

void add_steps(value_set& values, const field_kind& kind, int first, int last, int step) {
  for (int value = first; value <= last; value += step)
    values.set(static_cast<std::size_t>(value - kind.minimum));
}

/// `first > last`: up to the maximum, then on from the minimum. The place where the second part begins is one value
/// late for some steps (hours `21-6/2`: 21, 23, 2, 4, 6); schedules in use count on it (spec/cues.md §7.2 e).
void add_wrapped(value_set& values, const field_kind& kind, int first, int last, int step) {
  add_steps(values, kind, first, kind.maximum, step);
  const int end = first + (kind.maximum - first) / step * step;
  const int left = kind.maximum - end;
  const int skip = end - kind.minimum + step > kind.size() && left < step ? step - left : 0;
  add_steps(values, kind, kind.minimum + skip, last, step);
}

/// `first == last` means the whole range (`7-7`, `59/1`): kept for compatibility as well. False: refused.
bool add_range(value_set& values, const field_kind& kind, int first, int last, int step) {
  if (first > kind.maximum || last > kind.maximum || step == 0)
    return false;
  if (first == last) {
    add_steps(values, kind, kind.minimum, kind.maximum, step);
    return true;
  }
  if (first < kind.minimum)
    return false;
  if (first < last)
    add_steps(values, kind, first, last, step);
  else
    add_wrapped(values, kind, first, last, step);
  return true;
}

/// One of 0 … choices - 1; a pure function of seed and field (the mixing step is SplitMix64's).
int draw(std::uint64_t seed, field which, int choices) {
  std::uint64_t mixed = seed + (which + 1) * 0x9e3779b97f4a7c15U;
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
  mixed ^= mixed >> 31U;
  return static_cast<int>(mixed % static_cast<std::uint64_t>(choices));
}

} // namespace

const field_kind& kind_of(field which) { return kinds[which]; }

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (auto at = text.find(separator); at != std::string_view::npos; at = text.find(separator)) {
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  parts.push_back(text);
  return parts;
}

bool field_reader::read(std::string_view text) {
  if (text == "?" && (which_ == day_of_month || which_ == day_of_week)) {
    any = true;
    return true;
  }
  if (text.starts_with('r'))
    return read_random(text.substr(1));
  if (which_ == day_of_month && text.find('w') != std::string_view::npos)
    return read_nearest_weekday(text);
  const auto items = split(text, ',');
  return std::all_of(items.begin(), items.end(), [this](std::string_view item) { return read_item(item); }) &&
         !occurrences_are_mixed();
}

bool field_reader::is_full() const {
  return values.count() + (last_day_of_month ? 1 : 0) == static_cast<std::size_t>(kind_.size());
}

// -- values -----------------------------------------------------------------

/// Other spellings of a value. Which field counts know them is the dialect's whim (spec/cues.md §7.2 d).
int field_reader::alias(int value) const {
  if (which_ == day_of_week && value == 7 && field_count_ == field_count_min)
    return 0;
  if (which_ == day_of_month && value == 0 && field_count_ == field_count_with_seconds)
    return 1;
  return value;
}

std::optional<int> field_reader::named_value(std::string_view word) const {
  for (int i = 0; kind_.value_names != nullptr && i < kind_.size(); ++i)
    if (kind_.value_names[i] == word)
      return kind_.minimum + i;
  return std::nullopt;
}

/// A name, or a number that may still be out of range.
std::optional<int> field_reader::value_of(std::string_view word) const {
  if (const auto number = to_number(word))
    return alias(*number);
  return named_value(word);
}

bool field_reader::add_value(int value) {
  if (!in_range(value))
    return false;
  values.set(static_cast<std::size_t>(value - kind_.minimum));
  return true;
}

// -- forms of a whole field ---------------------------------------------------

/// `r`, `r(a-b)`, `r/n`, `r(a-b)/n`, without the letter. Any draw is as good as another (spec/cues.md §7.2 a), so those
/// that would run into the whole-range meaning of `a-a`, or into days that not every month has, are not made.
bool field_reader::read_random(std::string_view text) {
  int first = kind_.minimum;
  int last = which_ == day_of_month ? common_days_of_month : kind_.maximum;
  if (text.starts_with('(')) {
    const auto end = text.find(')');
    if (end == std::string_view::npos)
      return false;
    const auto ends = split(text.substr(1, end - 1), '-');
    const auto low = to_number(ends[0]);
    const auto high = ends.size() == 2 ? to_number(ends[1]) : std::nullopt;
    if (!low || !high || *low >= *high || !in_range(alias(*low)) || !in_range(alias(*high)))
      return false;
    first = *low;
    last = *high;
    text.remove_prefix(end + 1);
  } else if (!text.empty()) {
    last = kind_.maximum;
  }
  if (text.empty())
    return add_value(alias(first + draw(seed_, which_, last - first + 1)));

  const auto step = text.starts_with('/') ? to_number(text.substr(1)) : std::nullopt;
  if (!step || *step == 0)
    return false;
  const int start = first + draw(seed_, which_, std::min(*step, last - first));
  return add_range(values, kind_, alias(start), alias(last), *step);
}

/// `15w`, `w15`
bool field_reader::read_nearest_weekday(std::string_view text) {
  const bool leading = text.starts_with('w');
  if (!leading && !text.ends_with('w'))
    return false;
  const auto day = to_number(leading ? text.substr(1) : text.substr(0, text.size() - 1));
  if (!day || !in_range(*day))
    return false;
  nearest_weekday_to = *day;
  return true;
}

// -- forms of an item ---------------------------------------------------------

bool field_reader::read_item(std::string_view item) {
  if (item == "*") {
    any = true;
    return true;
  }
  if (which_ == day_of_month && item == "l") {
    last_day_of_month = true;
    return true;
  }
  if (which_ == day_of_week && item.find('#') != std::string_view::npos)
    return read_occurrence(item);
  if (which_ == day_of_week && item.starts_with('l'))
    return read_last_occurrence(item.substr(1));
  return read_range(item);
}

/// `v`, `v/n`, `a-b`, `a-b/n`, `*/n`
bool field_reader::read_range(std::string_view item) {
  const auto parts = split(item, '/');
  const bool has_step = parts.size() == 2;
  const auto step = has_step ? to_number(parts[1]) : std::optional<int>{1};
  if (parts.size() > 2 || !step)
    return false;
  if (parts[0] == "*")
    return add_range(values, kind_, kind_.minimum, kind_.maximum, *step);

  const auto ends = split(parts[0], '-');
  const auto first = value_of(ends[0]);
  if (ends.size() > 2 || !first)
    return false;
  if (ends.size() == 1)
    return has_step ? add_range(values, kind_, *first, kind_.maximum, *step) : add_value(*first);
  const auto last = which_ == day_of_month && ends[1] == "l" ? kind_.maximum : value_of(ends[1]);
  return last && add_range(values, kind_, *first, *last, *step);
}

/// `2#3`, `tue#3`, `mon-wed#1`
bool field_reader::read_occurrence(std::string_view item) {
  const auto parts = split(item, '#');
  const auto count = parts.size() == 2 ? to_number(parts[1]) : std::nullopt;
  if (!count || *count < 1 || *count > occurrences_max)
    return false;
  value_set days;
  if (const auto ends = split(parts[0], '-'); ends.size() == 2) {
    const auto first = named_value(ends[0]);
    const auto last = named_value(ends[1]);
    if (!first || !last || !add_range(days, kind_, *first, *last, 1))
      return false;
  } else {
    const auto day = value_of(parts[0]);
    if (!day || !in_range(*day))
      return false;
    days.set(static_cast<std::size_t>(*day));
  }
  add_occurrence(days, *count);
  return true;
}

/// `l5`, without the letter
bool field_reader::read_last_occurrence(std::string_view digits) {
  const auto number = to_number(digits);
  if (!number || !in_range(alias(*number)))
    return false;
  add_occurrence(value_set{}.set(static_cast<std::size_t>(alias(*number))), cron_expression::last_occurrence);
  return true;
}

void field_reader::add_occurrence(const value_set& days, int bit) {
  values |= days;
  for (std::size_t day = 0; day < occurrences.size(); ++day)
    if (days.test(day))
      occurrences[day] = static_cast<std::uint8_t>(occurrences[day] | 1 << bit);
}

/// `1#2,3`: with one day counted, every other must be too, unless all seven are listed (spec/cues.md §7.2 h).
bool field_reader::occurrences_are_mixed() const {
  const bool lists_all = is_full() && !any;
  if (occurrences == std::array<std::uint8_t, 7>{} || lists_all)
    return false;
  for (std::size_t day = 0; day < occurrences.size(); ++day)
    if (values.test(day) && occurrences[day] == 0)
      return true;
  return false;
}

} // namespace cued::cron
