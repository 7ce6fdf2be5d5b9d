// Slack's `:shortcodes:` as unicode: the ones apps write most. An unknown one stays as it was typed.

const TABLE = `
red_circle 🔴|large_green_circle 🟢|green_circle 🟢|large_yellow_circle 🟡|large_orange_circle 🟠|large_blue_circle 🔵|blue_circle 🔵
large_purple_circle 🟣|large_brown_circle 🟤|white_circle ⚪|black_circle ⚫|large_red_square 🟥|large_green_square 🟩|large_yellow_square 🟨
large_orange_square 🟧|large_blue_square 🟦|white_large_square ⬜|black_large_square ⬛|white_medium_square ◻️|black_medium_square ◼️
small_red_triangle 🔺|small_red_triangle_down 🔻|small_blue_diamond 🔹|small_orange_diamond 🔸|large_blue_diamond 🔷|large_orange_diamond 🔶
warning ⚠️|rotating_light 🚨|no_entry ⛔|no_entry_sign 🚫|x ❌|white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️
heavy_exclamation_mark ❗|exclamation ❗|bangbang ‼️|grey_exclamation ❕|question ❓|grey_question ❔|interrobang ⁉️|information_source ℹ️
heavy_multiplication_x ✖️|heavy_minus_sign ➖|heavy_plus_sign ➕|octagonal_sign 🛑|stop_sign 🛑|construction 🚧|sos 🆘
bell 🔔|no_bell 🔕|mute 🔇|speaker 🔈|sound 🔉|loud_sound 🔊|zzz 💤|sleeping 😴|hourglass ⌛|hourglass_flowing_sand ⏳
alarm_clock ⏰|stopwatch ⏱️|timer_clock ⏲️|clock1 🕐|clock3 🕒|clock9 🕘|watch ⌚|calendar 📆|date 📅|spiral_calendar_pad 🗓️|spiral_calendar 🗓️
arrow_up ⬆️|arrow_down ⬇️|arrow_left ⬅️|arrow_right ➡️|arrow_upper_right ↗️|arrow_lower_right ↘️|arrow_right_hook ↪️|leftwards_arrow_with_hook ↩️
arrows_counterclockwise 🔄|arrows_clockwise 🔃|repeat 🔁|arrow_forward ▶️|arrow_backward ◀️|double_vertical_bar ⏸️|pause_button ⏸️|black_square_for_stop ⏹️
fast_forward ⏩|rewind ⏪|new 🆕|ok 🆗|up 🆙|100 💯|fire 🔥|boom 💥|sparkles ✨|star ⭐|star2 🌟|zap ⚡|snowflake ❄️|droplet 💧
chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|bar_chart 📊|clipboard 📋|memo 📝|pencil ✏️|pencil2 ✏️|pushpin 📌|paperclip 📎|link 🔗
mag 🔍|mag_right 🔎|lock 🔒|unlock 🔓|key 🔑|gear ⚙️|wrench 🔧|hammer 🔨|hammer_and_wrench 🛠️|nut_and_bolt 🔩|toolbox 🧰|test_tube 🧪
package 📦|file_folder 📁|open_file_folder 📂|page_facing_up 📄|card_index_dividers 🗂️|floppy_disk 💾|file_cabinet 🗄️|wastebasket 🗑️|inbox_tray 📥|outbox_tray 📤
email 📧|envelope ✉️|incoming_envelope 📨|speech_balloon 💬|left_speech_bubble 🗨️|thought_balloon 💭|mega 📣|loudspeaker 📢|postal_horn 📯|telephone_receiver 📞
computer 💻|desktop_computer 🖥️|satellite_antenna 📡|satellite 🛰️|electric_plug 🔌|battery 🔋|globe_with_meridians 🌐|earth_africa 🌍|earth_asia 🌏|cloud ☁️
robot_face 🤖|ghost 👻|see_no_evil 🙈|hear_no_evil 🙉|eyes 👀|eye 👁️|wave 👋|raised_hands 🙌|clap 👏|pray 🙏|muscle 💪|point_right 👉|point_left 👈
point_up ☝️|point_up_2 👆|point_down 👇|+1 👍|thumbsup 👍|-1 👎|thumbsdown 👎|ok_hand 👌|hand ✋|raised_hand ✋|writing_hand ✍️|handshake 🤝
smile 😄|slightly_smiling_face 🙂|grinning 😀|grin 😁|wink 😉|thinking_face 🤔|neutral_face 😐|sweat_smile 😅|cry 😢|sob 😭|tada 🎉|confetti_ball 🎊|party_popper 🎉
rocket 🚀|checkered_flag 🏁|triangular_flag_on_post 🚩|white_flag 🏳️|trophy 🏆|first_place_medal 🥇|gift 🎁|bulb 💡|book 📖|books 📚|bookmark 🔖|label 🏷️|heart ❤️
broken_heart 💔|green_heart 💚|blue_heart 💙|yellow_heart 💛|purple_heart 💜|one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣|hospital 🏥|adhesive_bandage 🩹|ambulance 🚑
stethoscope 🩺|turtle 🐢|snail 🐌|bug 🐛|whale 🐳|sunny ☀️|sunrise 🌅|crescent_moon 🌙|coffee ☕|fire_engine 🚒|detective 🕵️|female-detective 🕵️‍♀️|shield 🛡️
dash 💨|recycle ♻️|infinity ♾️|abacus 🧮|straight_ruler 📏|triangular_ruler 📐|scales ⚖️|ladder 🪜|compass 🧭|world_map 🗺️|jp 🇯🇵|us 🇺🇸|de 🇩🇪|gb 🇬🇧|shushing_face 🤫
red_square 🟥|green_square 🟩|no_entry_sign 🚫|radio_button 🔘|white_small_square ▫️|black_small_square ▪️|heavy_check 🗸|person_raising_hand 🙋|busts_in_silhouette 👥|bust_in_silhouette 👤`;

const EMOJI = new Map(
  TABLE.split(/[|\n]/)
    .filter(Boolean)
    .map((entry) => {
      const [name, sign] = entry.trim().split(" ");
      return [name, sign];
    }),
);

/** The sign of a shortcode given without its colons, or null. A skin tone behind it (`wave::skin-tone-3`) is ignored. */
export function emoji(name) {
  return EMOJI.get(name.split("::")[0]) ?? null;
}
