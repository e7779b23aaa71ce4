#!/usr/bin/python3
"""The guide's pictures, of the real programs: Wireshark with the profile and chromium with the report.
usage: pictures.py FOLDER      (docs/pictures in the checkout)
SPDX-License-Identifier: GPL-2.0-or-later
"""
import os, shutil, subprocess, sys, tempfile, time

from desktop import ROOT, SAMPLE, Desktop, check, counts, needs

THREE = os.path.join(ROOT, "pcaps", "points_three.pcapng")
# A page is about 900 wide, so windows are small, and the pane of bytes is left out.
SETTINGS = ("gui.qt.font_name:DejaVu Sans,10,-1,5,50,0,0,0,0,0",)
WIDTHS = {"%m": 54, "%t": 80, "%s": 112, "%d": 112, "%p": 64, "%L": 54, "%Cus:espial.ike_sa": "54:C", "%Cus:espial.child_sa": "62:C",
          "%Cus:espial.stream.spi": 96, "%Cus:espial.inner.src || espial.inner.src6": 112,
          "%Cus:espial.inner.dst || espial.inner.dst6": 118, "%i": 596}
WIDE, HIGH = 1540, 880
LIST, DETAILS, ROW = 115, 700, 17       # where the window has its first packet, its details; height of a packet
COLOURS, LARGEST = "64", 120 * 1024


def small_profile(d):
    source = os.path.join(ROOT, "plugin", "profile", "IPsec")
    own = os.path.join(d.home, ".config", "wireshark", "profiles", "IPsec")
    shutil.copytree(source, own)
    with open(os.path.join(own, "recent"), "w") as out:
        out.write("gui.byte_view_show: FALSE\ncolumn.width: ")
        out.write(", ".join(f'"{name}", {width}' if ":" in name else f"{name}, {width}" for name, width in WIDTHS.items()) + "\n")
    with open(os.path.join(d.home, ".config", "wireshark", "recent_common"), "w") as out:
        out.write("\n".join(f"gui.geometry_main_{name}: {value}" for name, value in
                            (("x", 0), ("y", 0), ("width", WIDE), ("height", HIGH), ("upper_pane", 498), ("lower_pane", 250))) + "\n")


def cut(name, d, part):
    path = os.path.join(d.shots, name + ".png")
    subprocess.run(["convert", path, "-crop", part, "+repage", path], check=True, timeout=60)


def main_window(d):
    main = d.start("-g", "19")
    d.front(main, WIDE, HIGH)
    time.sleep(2)
    d.click(700, DETAILS)
    d.keys("Home", "End", "Right", "End", "Right", "Down", "Right")
    d.picture(main, "packets")
    d.click(WIDE - 886, 78)     # the button "Problems"
    time.sleep(1)
    d.click(300, LIST + ROW + ROW // 2)
    d.picture(main, "problems")
    d.click(WIDE - 1001, 78)     # clears the filter
    time.sleep(3)
    d.menu("alt+s", "Up", "Right")
    d.picture(None, "menu")
    cut("menu", d, "530x232+290+656")
    d.keys("Escape", "Escape", "Escape")
    for down, (title, name, high) in enumerate((("IPsec Diagnoses", "diagnoses", 150), ("IPsec Findings", "findings", 260),
                                                ("IPsec SAs", "sas", 170), (None, None, 0), ("IPsec Counts", "counts", 330))):
        if not title:           # points, which this capture has one of
            continue
        d.front(main, WIDE, HIGH)
        window = d.espials(title, down)
        d.front(window, 980 if name == "counts" else 1540, high)
        d.picture(window, name)
        d.keys("Escape")
    d.front(main, WIDE, HIGH)
    d.click(300, LIST + 12 * ROW + ROW // 2)    # the flow graph marks the packet that is chosen
    d.menu("alt+s", *["Down"] * 16, "Return")
    flow = d.window("Wireshark .* Flow")
    d.front(flow, 1200, 660)
    d.keys("Tab", "Tab")        # to the type of flow
    d.do("type", "--delay", "20", "IPsec")
    d.picture(flow, "flow")
    d.keys("Escape")
    d.stop()
    d.start("-z", "expert")
    window = d.window("Expert Information")
    d.front(window, 1000, 400)
    d.click(200, 40)
    d.keys("Right", "Down")
    d.picture(window, "expert")
    d.stop()


def points_page(folder):
    """Of a capture at three points what is said of them, and its ladder; nothing but these."""
    page = os.path.join(folder, "points.html")
    subprocess.run([os.path.join(ROOT, "espial"), "--html", page, THREE], stdout=subprocess.DEVNULL, check=False, timeout=300)
    whole = open(page, encoding="utf-8").read()
    part, ladder = whole.index('<section id="points"'), whole.index('<figure class="ladder')
    with open(page, "w", encoding="utf-8") as out:
        out.write(whole[:whole.index("<header")] + "<main>" + whole[part:whole.index("</section>", part)] + "</section>" +
                  whole[ladder:whole.index("</figure>", ladder)] + "</figure></main></body></html>")
    return page


def report(folder, shots):
    page, profile = os.path.join(folder, "report.html"), os.path.join(folder, "chromium")
    subprocess.run([os.path.join(ROOT, "espial"), "--html", page, SAMPLE], stdout=subprocess.DEVNULL, check=False, timeout=300)
    # Chromium without a screen shows a page from its top: for the ladder diagram the parts before go.
    whole = open(page, encoding="utf-8").read()
    below, starts = os.path.join(folder, "below.html"), {part: whole.index(f'<section id="{part}"') for part in ("summary", "sas")}
    with open(below, "w", encoding="utf-8") as out:
        out.write(whole[:starts["summary"]] + whole[starts["sas"]:])
    for name, shown, size in (("report", page, "1100,880"), ("ladder", below, "1100,1640"), ("points", points_page(folder), "1100,1560")):
        subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}",
                        f"--window-size={size}", f"--screenshot={os.path.join(shots, name + '.png')}", "file://" + shown],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=120)


def shrink(shots):
    total = 0
    for name in sorted(os.listdir(shots)):
        path = os.path.join(shots, name)
        subprocess.run(["convert", path, "+dither", "-colors", COLOURS, "-strip", "-define", "png:compression-level=9", "PNG8:" + path],
                       check=True, timeout=60)
        size = os.path.getsize(path)
        total += size
        check(size <= LARGEST, f"{name} is {size} bytes")
        print(f"{name}: {size} bytes")
    check(total <= 1 << 20, f"{total} bytes of pictures")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    needs("chromium", "convert")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        shots = os.path.join(folder, "shots")
        os.mkdir(shots)
        d = Desktop(folder, shots, SETTINGS)
        try:
            small_profile(d)
            main_window(d)
        finally:
            d.close()
        report(folder, shots)
        shrink(shots)
        os.makedirs(sys.argv[1], exist_ok=True)
        for name in os.listdir(shots):
            shutil.copyfile(os.path.join(shots, name), os.path.join(sys.argv[1], name))
    sys.exit(counts[False] != 0)


main()
