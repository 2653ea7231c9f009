#include "bench/scenarios/created_cues.hpp"

#include <algorithm>

#include "bench/scenarios/work_texts.hpp"

namespace cued::bench {

void created_cues::begin_judging() {
  std::sort(told_.begin(), told_.end());
  there_.clear();
  found_ = {};
}

void created_cues::see(std::uint64_t id, std::string_view name) {
  const auto number = read_number(created_cue_name, name);
  if (number == somebody_else)
    found_.add("a cue that nobody asked for", text_of_cue(id));
  else
    there_.push_back({number, id});
}

faults created_cues::end_judging() {
  std::sort(there_.begin(), there_.end());
  auto told = told_.cbegin();
  for (auto cue = there_.cbegin(); cue != there_.cend(); ++cue) {
    for (; told != told_.cend() && told->number < cue->number; ++told)
      if (told->id != unknown_id)
        found_.add("told created, but not there", text_of_cue(told->id));
    if (cue != there_.cbegin() && std::prev(cue)->number == cue->number)
      found_.add("created twice", text_of_cue(cue->id));
    else if (told == told_.cend() || told->number != cue->number)
      found_.add("created, but nobody was told so", text_of_cue(cue->id));
    else if (told->id != unknown_id && told->id != cue->id)
      found_.add("told created under another id", text_of_cue(told->id));
    if (told != told_.cend() && told->number == cue->number)
      ++told;
  }
  for (; told != told_.cend(); ++told)
    if (told->id != unknown_id)
      found_.add("told created, but not there", text_of_cue(told->id));
  return std::move(found_);
}

} // namespace cued::bench
